import { type ProbedGateway, probeGateways } from '../../services/dispatch/probe-gateways.js';
import { builder } from '../builder.js';

const GatewayType = builder.objectRef<ProbedGateway>('Gateway').implement({
  description: 'A way over which the server sends work to PUSH agents.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What an agent names to get its work this way.' }),
    kind: t.exposeString('kind', { description: 'What it speaks: openclaw, openai, command or echo.' }),
    reachable: t.exposeBoolean('reachable', {
      nullable: true,
      description: 'Whether it answered the process that answers this query.',
    }),
    lastError: t.exposeString('error', {
      nullable: true,
      description: 'Why it did not, in a sentence. Null if it did.',
    }),
    checkedAt: t.expose('checkedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was asked: during this query.',
    }),
  }),
});

builder.queryFields((t) => ({
  gateways: t.field({
    type: [GatewayType],
    authScopes: { reader: true },
    description:
      'The gateways that the process is configured for, each asked now whether it answers. Not for the keys of agents.',
    resolve: (_root, _args, { services }) => probeGateways(services),
  }),
}));
