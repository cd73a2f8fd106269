import { type ProbedGateway, probeGateways } from '../../services/dispatch/probe-gateways.js';
import { builder } from '../builder.js';

const GatewayType = builder.objectRef<ProbedGateway>('Gateway').implement({
  description: 'A channel through which the server sends work to PUSH agents.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The name that agents use in their `config.gateway`.' }),
    kind: t.exposeString('kind', { description: 'The kind of gateway: openclaw, openai, command or echo.' }),
    reachable: t.exposeBoolean('reachable', {
      nullable: true,
      description: 'Whether it responded to the server process that answers this query.',
    }),
    lastError: t.exposeString('error', {
      nullable: true,
      description: 'Why it did not respond, in one sentence. Null if it did.',
    }),
    checkedAt: t.expose('checkedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was probed, which is during this query.',
    }),
  }),
});

builder.queryFields((t) => ({
  gateways: t.field({
    type: [GatewayType],
    authScopes: { reader: true },
    description:
      'The gateways that are configured for this server process, each probed now. Not available to keys of agents.',
    resolve: (_root, _args, { services }) => probeGateways(services),
  }),
}));
