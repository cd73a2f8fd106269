import type { Agent } from '../../generated/prisma/client.js';
import { toJsonObject } from '../base/json-object.js';
import { builder } from '../builder.js';

type ConfigShape = Pick<
  Agent,
  'dispatchModel' | 'defaultModel' | 'gateway' | 'gatewayAgentId' | 'timeoutMs' | 'configExtra'
>;

/** The empty config that a viewer without access sees. */
export const HIDDEN_CONFIG: ConfigShape = {
  dispatchModel: null,
  defaultModel: null,
  gateway: null,
  gatewayAgentId: null,
  timeoutMs: null,
  configExtra: {},
};

export const AgentConfigType = builder.objectRef<ConfigShape>('AgentConfig').implement({
  description: 'The gateway and the models of an agent.',
  fields: (t) => ({
    dispatchModel: t.exposeString('dispatchModel', {
      nullable: true,
      description: 'The model for all its tasks. It overrides the routing rules.',
    }),
    defaultModel: t.exposeString('defaultModel', {
      nullable: true,
      description: 'The model for tasks to which no routing rule applies.',
    }),
    gateway: t.exposeString('gateway', {
      nullable: true,
      description: 'The gateway that runs it.',
    }),
    gatewayAgentId: t.exposeString('gatewayAgentId', {
      nullable: true,
      description: 'Its name at the gateway, if it differs.',
    }),
    timeout: t.field({
      type: 'Duration',
      nullable: true,
      description: 'The maximum duration of one of its runs.',
      resolve: ({ timeoutMs }) => (timeoutMs === null ? null : Number(timeoutMs)),
    }),
    extra: t.field({
      type: 'JSONObject',
      description: 'Your own settings. The server stores them and never reads them.',
      resolve: ({ configExtra }) => toJsonObject(configExtra),
    }),
  }),
});
