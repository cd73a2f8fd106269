import { GATEWAY_STATES, type ProbedGateway, probeGateways } from '../../services/dispatch/probe-gateways.js';
import { builder } from '../builder.js';

const MEANINGS: Record<ProbedGateway['state'], string> = {
  REACHABLE: 'It answers.',
  UNREACHABLE: 'It does not answer. Its tasks wait until it does; no attempt is counted.',
  BROKEN:
    'It refuses every call: its program is missing, its key is wrong or its API is not there. Its tasks wait and are tried one at a time; no attempt is counted. See `remedy`.',
  UNKNOWN: 'An agent names it, but the process that answers this query does not have it.',
};

const GatewayStateEnum = builder.enumType('GatewayState', {
  description: 'Whether a gateway takes calls.',
  values: Object.fromEntries(
    GATEWAY_STATES.map((state) => [state, { description: MEANINGS[state] }]),
  ) as Record<ProbedGateway['state'], { description: string }>,
});

export const GatewayType = builder.objectRef<ProbedGateway>('Gateway').implement({
  description: 'A channel through which the server sends work to PUSH agents.',
  fields: (t) => ({
    id: t.id({ description: 'The name. Caches of clients need it.', resolve: ({ name }) => name }),
    name: t.exposeString('name', { description: 'The name that agents use in their `config.gateway`.' }),
    kind: t.exposeString('kind', { description: 'The kind of gateway: openclaw, openai, command or echo.' }),
    state: t.field({
      type: GatewayStateEnum,
      description: 'Whether it takes calls.',
      resolve: ({ state }) => state,
    }),
    reachable: t.exposeBoolean('reachable', {
      nullable: true,
      description:
        'Whether it passed the probe of the process that answers this query; a BROKEN one may pass. While a gateway does ' +
        'not pass, the tasks of its agents wait with `waitingOn: GATEWAY_UNREACHABLE`. No attempt is counted, and the ' +
        'tasks are sent when it answers again. Null if that process does not have it.',
    }),
    lastError: t.exposeString('error', {
      nullable: true,
      description: 'Why it takes no calls, in a sentence. Null if it takes calls.',
    }),
    remedy: t.exposeString('remedy', {
      nullable: true,
      description: 'What an operator has to do about a BROKEN gateway. Null for other states.',
    }),
    checkedAt: t.expose('checkedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was probed: during this query. Null if it was not.',
    }),
  }),
});

builder.queryFields((t) => ({
  gateways: t.field({
    type: [GatewayType],
    authScopes: { reader: true },
    description:
      'The gateways that are configured or that an agent names, each probed now. Not available to keys of agents.',
    resolve: (_root, _args, { services }) => probeGateways(services),
  }),
}));
