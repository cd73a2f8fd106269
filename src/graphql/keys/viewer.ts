import type { Viewer } from '../../domain/actor.js';
import { LIMITS } from '../../domain/limits.js';
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE } from '../../domain/page.js';
import { FILTER_LIMITS } from '../../domain/tasks/task-filter.js';
import { openApiKeys } from '../../services/keys/read-api-keys.js';
import { AgentType } from '../agents/agent.js';
import { QUERY_LIMITS } from '../base/complexity.js';
import { connect, connectionArgs } from '../base/connection.js';
import { ApiKeyConnection } from '../base/connections.js';
import { ApiKeyRoleEnum } from '../base/enums.js';
import { loadAgent } from '../base/row-loads.js';
import { builder } from '../builder.js';
import type { ServerFacts } from '../context.js';
import { ApiKeyType } from './api-key.js';

const ViewerType = builder.objectRef<Viewer>('Viewer').implement({
  description: 'The caller of the request.',
  fields: (t) => ({
    role: t.expose('role', { type: ApiKeyRoleEnum, description: 'The role of the API key.' }),
    agent: t.field({
      type: AgentType,
      nullable: true,
      description: 'The agent that the key acts as, if its role is AGENT.',
      resolve: ({ agentId }, _args, context, info) =>
        agentId === null ? null : loadAgent(context, info, agentId),
    }),
    apiKey: t.prismaField({
      type: ApiKeyType,
      nullable: true,
      description: 'The API key of the request.',
      resolve: (query, { keyId }, _args, { prisma }) =>
        prisma.apiKey.findUnique({ ...query, where: { id: keyId } }),
    }),
  }),
});

const ServerInfoType = builder.objectRef<ServerFacts>('ServerInfo').implement({
  description: 'The server process that answers the request.',
  fields: (t) => ({
    version: t.exposeString('version', { description: 'The version of Mission Control.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When the process started.' }),
    database: t.exposeString('database', { description: 'The kind and version of its PostgreSQL.' }),
    limits: t.field({
      type: 'JSONObject',
      description: 'The limits for texts, pages and queries, among others. Durations are in milliseconds.',
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
    description: 'The caller: the API key of this request.',
    resolve: (_root, _args, { viewer }) => viewer,
  }),
  server: t.field({
    type: ServerInfoType,
    description: 'The server process that answers.',
    resolve: (_root, _args, { server }) => server,
  }),
  apiKeys: t.field({
    type: ApiKeyConnection,
    authScopes: { admin: true },
    description: 'All API keys including revoked ones, oldest first. Only for admins.',
    args: connectionArgs,
    resolve: (_root, args, { services }) => connect(args, openApiKeys(services)),
  }),
}));
