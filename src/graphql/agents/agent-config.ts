import type { Agent } from '../../generated/prisma/client.js';
import { toJsonObject } from '../base/json-object.js';
import { builder } from '../builder.js';

type ConfigShape = Pick<
  Agent,
  'dispatchModel' | 'defaultModel' | 'gateway' | 'gatewayAgentId' | 'timeoutMs' | 'configExtra'
>;

/** What is shown of a config that is not the viewer's to see. */
export const HIDDEN_CONFIG: ConfigShape = {
  dispatchModel: null,
  defaultModel: null,
  gateway: null,
  gatewayAgentId: null,
  timeoutMs: null,
  configExtra: {},
};

export const AgentConfigType = builder.objectRef<ConfigShape>('AgentConfig').implement({
  description: 'How an agent is reached and on which model it runs.',
  fields: (t) => ({
    dispatchModel: t.exposeString('dispatchModel', {
      nullable: true,
      description: 'The model of every task sent to it, whatever the routing says.',
    }),
    defaultModel: t.exposeString('defaultModel', {
      nullable: true,
      description: 'The model of tasks for which the routing has no opinion.',
    }),
    gateway: t.exposeString('gateway', {
      nullable: true,
      description: 'The gateway through which it gets work.',
    }),
    gatewayAgentId: t.exposeString('gatewayAgentId', {
      nullable: true,
      description: 'Its name at the gateway.',
    }),
    timeout: t.field({
      type: 'Duration',
      nullable: true,
      description: 'How long one of its runs may take.',
      resolve: ({ timeoutMs }) => (timeoutMs === null ? null : Number(timeoutMs)),
    }),
    extra: t.field({
      type: 'JSONObject',
      description: 'Settings that the server does not know.',
      resolve: ({ configExtra }) => toJsonObject(configExtra),
    }),
  }),
});
