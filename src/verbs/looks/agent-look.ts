import type { AgentDetailFragment, AgentFieldsFragment } from '../../sdk/index.js';
import { done, type Look, lines, manyLines, type View } from './look.js';
import { age, shortDuration } from './times.js';
import { count, status, words } from './words.js';

/** The columns of a table of agents. */
export const agentColumns = ['AGENT', 'STATUS', 'LOAD', 'DELIVERY', 'SEEN', 'ROLE'];

/** A row of a table of agents. */
export function agentRow(agent: AgentFieldsFragment, look: Look): readonly string[] {
  return [
    look.paint('strong', agent.name),
    status(agent.status, look),
    `${agent.activeTaskCount}/${agent.maxCapacity}`,
    words(agent.delivery),
    agent.lastSeenAt === null ? 'never' : age(agent.lastSeenAt, look),
    agent.role,
  ];
}

/** One line about an agent that has changed. */
export function agentDone(look: Look, agent: AgentFieldsFragment, what: string): string {
  const load = `${agent.activeTaskCount} of ${count(agent.maxCapacity, 'task')}`;
  return done(
    look,
    `${look.paint('strong', agent.name)} ${what}: ${agent.role}, ${words(agent.status)}, ${load}`,
  );
}

/** An agent with its settings and statistics. */
export function agentView(agent: AgentDetailFragment, look: Look): View {
  const { config, stats, reviewStats, capabilities } = agent;
  const seen = agent.lastSeenAt === null ? 'never seen' : `seen ${age(agent.lastSeenAt, look)} ago`;
  return lines(
    `${look.paint('strong', agent.name)}  ${agent.role}`,
    `${status(agent.status, look)} · ${agent.activeTaskCount} of ${count(agent.maxCapacity, 'task')} · ${words(agent.delivery)} · ${seen}`,
    capabilities.length > 0 && `capabilities: ${capabilities.join(', ')}`,
    !agent.acceptsInbox && 'gets only tasks that are assigned to it',
    config.gateway &&
      `gateway: ${config.gateway}${config.gatewayAgentId ? ` as ${config.gatewayAgentId}` : ''}`,
    config.dispatchModel && `model for all tasks: ${config.dispatchModel}`,
    config.defaultModel && `default model: ${config.defaultModel}`,
    `last day: ${stats.completed} completed, ${stats.failed} failed, ${stats.rejected} rejected${durationOf(stats)}`,
    reviewStats.reviews > 0 &&
      `as a reviewer: ${reviewStats.approved} approved, ${reviewStats.rejected} rejected${durationOf(reviewStats)}`,
    agent.soul && `${look.paint('quiet', 'soul:')} ${manyLines(agent.soul)}`,
  );
}

function durationOf({ medianDurationMs }: { readonly medianDurationMs: number | null }): string {
  return medianDurationMs === null ? '' : `, ${shortDuration(medianDurationMs)} in the median`;
}
