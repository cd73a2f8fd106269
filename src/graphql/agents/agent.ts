import { checkWindow } from '../../domain/agents/stats.js';
import { deriveAgentStatus } from '../../domain/agents/status.js';
import { readAgentActivity, readAgentStats } from '../../services/agents/read-agents.js';
import { orBadInput } from '../base/connection.js';
import { AgentDeliveryEnum, AgentStatusEnum } from '../base/enums.js';
import { loadBatched } from '../base/loaders.js';
import { NodeInterface } from '../base/node.js';
import { builder } from '../builder.js';
import type { GraphqlContext } from '../context.js';
import { ActorInterface } from '../events/actor.js';
import { AgentConfigType, HIDDEN_CONFIG } from './agent-config.js';
import { AgentStatsType } from './agent-stats.js';

const DAY_MS = 86_400_000;

export const AgentType = builder.prismaObject('Agent', {
  description: 'A worker: a program that takes tasks and hands in results.',
  interfaces: [NodeInterface, ActorInterface],
  fields: (t) => ({
    displayName: t.exposeString('name', { description: 'Its name.' }),
    name: t.exposeString('name', { description: 'Its unique name, by which people refer to it.' }),
    role: t.exposeString('role', {
      description: 'What it is for: coder, reviewer, tester or a word of your own.',
    }),
    status: t.field({
      type: AgentStatusEnum,
      description: 'What it is up to, derived from what is known of it.',
      resolve: async (agent, _args, context) => {
        const { hasLiveLease, nowAt } = await loadActivity(context, agent.id);
        return deriveAgentStatus({ ...agent, hasLiveLease }, nowAt, context.services.settings.agentTimeoutMs);
      },
    }),
    delivery: t.expose('delivery', { type: AgentDeliveryEnum, description: 'How work reaches it.' }),
    capabilities: t.exposeStringList('capabilities', { description: 'What it says it can do.' }),
    maxCapacity: t.exposeInt('maxCapacity', {
      description:
        'How many tasks it may have IN_PROGRESS at a time; a reviewer may have as many reviews under way beside them.',
    }),
    activeTaskCount: t.int({
      description: 'How many tasks it has IN_PROGRESS.',
      resolve: async (agent, _args, context) => (await loadActivity(context, agent.id)).activeTaskCount,
    }),
    lastSeenAt: t.expose('lastSeenAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it last called.',
    }),
    soul: t.string({
      nullable: true,
      description: 'Its standing instruction, in Markdown. Null for the keys of other agents.',
      resolve: (agent, _args, context) => (isPrivateTo(context, agent.id) ? null : agent.soul),
    }),
    config: t.field({
      type: AgentConfigType,
      description: 'How it is reached and on which model it runs. Empty for the keys of other agents.',
      resolve: (agent, _args, context) => (isPrivateTo(context, agent.id) ? HIDDEN_CONFIG : agent),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it first registered.' }),
    version: t.exposeInt('version', {
      description: 'Rises by one with each change; show it as `expectedVersion`.',
    }),
    stats: t.field({
      type: AgentStatsType,
      description: 'What came of its work in the last stretch of time.',
      args: {
        window: t.arg({
          type: 'Duration',
          defaultValue: DAY_MS,
          description: 'How far to look back: a minute to a year.',
        }),
      },
      resolve: async (agent, { window }, context) => {
        const windowMs = window ?? DAY_MS;
        orBadInput(() => checkWindow(windowMs));
        const load = (ids: readonly string[]) => readAgentStats(context.services, ids, windowMs);
        const stats = await loadBatched(context, `agentStats:${windowMs}`, agent.id, load);
        if (stats === undefined) throw new Error(`no stats of ${agent.id}`);
        return stats;
      },
    }),
  }),
});

async function loadActivity(context: GraphqlContext, agentId: string) {
  const load = (ids: readonly string[]) => readAgentActivity(context.services, ids);
  const activity = await loadBatched(context, 'agentActivity', agentId, load);
  if (activity === undefined) throw new Error(`no activity of ${agentId}`);
  return activity;
}

/** An agent's key sees of the other agents who they are and what they are up to, not how they are run. */
function isPrivateTo({ viewer }: GraphqlContext, agentId: string): boolean {
  return viewer.agentId !== null && viewer.agentId !== agentId;
}
