import type { GraphQLResolveInfo } from 'graphql';
import { checkWindow } from '../../domain/agents/stats.js';
import { deriveAgentStatus } from '../../domain/agents/status.js';
import { readAgentActivity, readAgentStats, readReviewerStats } from '../../services/agents/read-agents.js';
import { orBadInput } from '../base/connection.js';
import { AgentDeliveryEnum, AgentStatusEnum } from '../base/enums.js';
import { loadBatched } from '../base/loaders.js';
import { NodeInterface } from '../base/node.js';
import { builder } from '../builder.js';
import type { GraphqlContext } from '../context.js';
import { ActorInterface } from '../events/actor.js';
import { AgentConfigType, HIDDEN_CONFIG } from './agent-config.js';
import { AgentStatsType, ReviewerStatsType } from './agent-stats.js';

const DAY_MS = 86_400_000;

const windowArgs = builder.args((t) => ({
  window: t.field({
    type: 'Duration',
    defaultValue: DAY_MS,
    description: 'The period to look back: a minute to a year.',
  }),
}));

export const AgentType = builder.prismaObject('Agent', {
  description: 'A program that works on tasks and submits results.',
  interfaces: [NodeInterface, ActorInterface],
  fields: (t) => ({
    displayName: t.exposeString('name', { description: 'Its name.' }),
    name: t.exposeString('name', { description: 'Its unique name.' }),
    role: t.exposeString('role', {
      description: 'Its role: coder, reviewer, tester or any other word.',
    }),
    status: t.field({
      type: AgentStatusEnum,
      description: 'The current status, derived from its last call, its leases, its gateway and pauses.',
      resolve: async (agent, _args, context) => {
        const { hasLiveLease, nowAt } = await loadActivity(context, agent.id);
        return deriveAgentStatus({ ...agent, hasLiveLease }, nowAt, context.services.settings.agentTimeoutMs);
      },
    }),
    delivery: t.expose('delivery', {
      type: AgentDeliveryEnum,
      description:
        'How work reaches it. If it was never set: PUSH for a reviewer that has never asked for work if the server has a default gateway (MC_GATEWAY), otherwise PULL.',
    }),
    capabilities: t.exposeStringList('capabilities', {
      description:
        'Words that describe what it can do. It gets only tasks all of whose `requires` are among them.',
    }),
    maxCapacity: t.exposeInt('maxCapacity', {
      description:
        'The maximum number of tasks IN_PROGRESS. The same maximum applies to running reviews, counted separately.',
    }),
    acceptsInbox: t.exposeBoolean('acceptsInbox', {
      description:
        'Whether it gets tasks of the inbox, by claims or by dispatch. If false, it gets only tasks that are assigned to it.',
    }),
    activeTaskCount: t.int({
      description: 'Number of its tasks IN_PROGRESS.',
      resolve: async (agent, _args, context) => (await loadActivity(context, agent.id)).activeTaskCount,
    }),
    lastSeenAt: t.expose('lastSeenAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it last called the server.',
    }),
    soul: t.string({
      nullable: true,
      description: 'Its standing instructions, in Markdown. Null for keys of other agents.',
      resolve: (agent, _args, context) => (isPrivateTo(context, agent.id) ? null : agent.soul),
    }),
    config: t.field({
      type: AgentConfigType,
      description: 'Its gateway and models. Empty for keys of other agents.',
      resolve: (agent, _args, context) => (isPrivateTo(context, agent.id) ? HIDDEN_CONFIG : agent),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it first registered.' }),
    version: t.exposeInt('version', {
      description: 'Increases by one with each change; send it as `expectedVersion`.',
    }),
    stats: t.field({
      type: AgentStatsType,
      description: 'Results of its recent work.',
      args: windowArgs,
      resolve: (agent, { window }, context, info) =>
        loadStats(context, info, { name: 'agentStats', read: readAgentStats, id: agent.id, window }),
    }),
    reviewStats: t.field({
      type: ReviewerStatsType,
      description: 'The verdicts that it has given as a reviewer.',
      args: windowArgs,
      resolve: (agent, { window }, context, info) =>
        loadStats(context, info, { name: 'reviewStats', read: readReviewerStats, id: agent.id, window }),
    }),
  }),
});

interface StatsOf<Stats> {
  readonly name: string;
  readonly read: (
    services: GraphqlContext['services'],
    ids: readonly string[],
    windowMs: number,
  ) => Promise<ReadonlyMap<string, Stats>>;
  readonly id: string;
  readonly window: number | null | undefined;
}

async function loadStats<Stats>(
  context: GraphqlContext,
  { operation }: GraphQLResolveInfo,
  { name, read, id, window }: StatsOf<Stats>,
): Promise<Stats> {
  const windowMs = window ?? DAY_MS;
  orBadInput(() => checkWindow(windowMs));
  // An agent is often at several places of a query, and its statistics take two statements.
  const keep = operation.operation === 'query';
  const load = (ids: readonly string[]) => read(context.services, ids, windowMs);
  const stats = await loadBatched(context, `${name}:${windowMs}`, id, load, { keep });
  if (stats === undefined) throw new Error(`no stats of ${id}`);
  return stats;
}

async function loadActivity(context: GraphqlContext, agentId: string) {
  const load = (ids: readonly string[]) => readAgentActivity(context.services, ids);
  const activity = await loadBatched(context, 'agentActivity', agentId, load);
  if (activity === undefined) throw new Error(`no activity of ${agentId}`);
  return activity;
}

/** A key of an agent sees the names and statuses of other agents, but not their instructions and config. */
function isPrivateTo({ viewer }: GraphqlContext, agentId: string): boolean {
  return viewer.agentId !== null && viewer.agentId !== agentId;
}
