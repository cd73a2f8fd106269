import type { Viewer } from '../domain/actor.js';
import { LIMITS } from '../domain/limits.js';
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE } from '../domain/page.js';
import { FILTER_LIMITS } from '../domain/task-filter.js';
import { openApiKeys } from '../services/read-api-keys.js';
import { AgentType } from './agent.js';
import { ApiKeyType } from './api-key.js';
import { builder } from './builder.js';
import { QUERY_LIMITS } from './complexity.js';
import { connect, connectionArgs } from './connection.js';
import { ApiKeyConnection } from './connections.js';
import type { ServerFacts } from './context.js';
import { ApiKeyRoleEnum } from './enums.js';
import { loadAgent, loadApiKey } from './row-loads.js';

const ViewerType = builder.objectRef<Viewer>('Viewer').implement({
  description: 'Who asks.',
  fields: (t) => ({
    role: t.expose('role', { type: ApiKeyRoleEnum, description: 'What the key may do.' }),
    agent: t.field({
      type: AgentType,
      nullable: true,
      description: 'The agent as which the key acts, where its role is AGENT.',
      resolve: ({ agentId }, _args, context, info) =>
        agentId === null ? null : loadAgent(context, info, agentId),
    }),
    apiKey: t.field({
      type: ApiKeyType,
      nullable: true,
      description: 'The key.',
      resolve: ({ keyId }, _args, context) => loadApiKey(context, keyId),
    }),
  }),
});

const ServerInfoType = builder.objectRef<ServerFacts>('ServerInfo').implement({
  description: 'The server process that answers.',
  fields: (t) => ({
    version: t.exposeString('version', { description: 'The version of Mission Control.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When the process started.' }),
    database: t.exposeString('database', { description: 'Which PostgreSQL it works on.' }),
    limits: t.field({
      type: 'JSONObject',
      description: 'How long texts, how large pages and how deep queries may be; durations in milliseconds.',
      resolve: (facts) => ({
        ...LIMITS,
        page: { default: DEFAULT_PAGE_SIZE, max: MAX_PAGE_SIZE },
        filter: FILTER_LIMITS,
        query: QUERY_LIMITS,
        server: facts.limits,
      }),
    }),
  }),
});

builder.queryFields((t) => ({
  viewer: t.field({
    type: ViewerType,
    description: 'Who asks: the key of this request.',
    resolve: (_root, _args, { viewer }) => viewer,
  }),
  server: t.field({
    type: ServerInfoType,
    description: 'The server that answers.',
    resolve: (_root, _args, { server }) => server,
  }),
  apiKeys: t.field({
    type: ApiKeyConnection,
    authScopes: { admin: true },
    description: 'The API keys, revoked ones included, oldest first. For admins.',
    args: connectionArgs,
    resolve: (_root, args, { services }) => connect(args, openApiKeys(services)),
  }),
}));
