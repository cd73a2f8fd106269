import type { AgentStats, ReviewerStats } from '../../domain/agents/stats.js';
import { readAgentCosts, type StatsPeriod } from '../../services/agents/read-agents.js';
import { loadBatched } from '../base/loaders.js';
import { builder } from '../builder.js';

export const AgentStatsType = builder.objectRef<AgentStats & StatsPeriod>('AgentStats').implement({
  description: 'Results of the work of an agent in a period of time.',
  fields: (t) => ({
    completed: t.exposeInt('completed', { description: 'Runs that submitted a result.' }),
    failed: t.exposeInt('failed', { description: 'Runs that ended with an error or a timeout.' }),
    rejected: t.exposeInt('rejected', { description: 'Verdicts that rejected its work.' }),
    verdicts: t.exposeInt('verdicts', {
      description: 'Verdicts on its work, which is how much its approval rate says.',
    }),
    medianDurationMs: t.int({
      nullable: true,
      description: 'The median duration of completed runs, in milliseconds. Null if there were none.',
      resolve: ({ medianDurationMs }) => (medianDurationMs === null ? null : Math.round(medianDurationMs)),
    }),
    costUsd: t.float({
      nullable: true,
      description:
        'What its runs cost that ended in the period, in US dollars, as far as they reported it. Null if none did.',
      resolve: async ({ id, windowMs }, _args, context) => {
        const load = (ids: readonly string[]) => readAgentCosts(context.services, ids, windowMs);
        return (await loadBatched(context, `agentCosts:${windowMs}`, id, load))?.costUsd;
      },
    }),
    approvalRate: t.exposeFloat('approvalRate', {
      nullable: true,
      description: 'The share of approved verdicts, from 0 to 1. Null if there were no verdicts.',
    }),
  }),
});

export const ReviewerStatsType = builder.objectRef<ReviewerStats>('ReviewerStats').implement({
  description: 'The verdicts of an agent as a reviewer in a period of time, without superseded ones.',
  fields: (t) => ({
    reviews: t.exposeInt('reviews', { description: 'Verdicts that it has given.' }),
    approved: t.exposeInt('approved', { description: 'Verdicts that approved the work.' }),
    rejected: t.exposeInt('rejected', { description: 'Verdicts that rejected the work.' }),
    medianDurationMs: t.int({
      nullable: true,
      description:
        'The median duration of its review runs, in milliseconds and within 9 %. Null if there were none.',
      resolve: ({ medianDurationMs }) => (medianDurationMs === null ? null : Math.round(medianDurationMs)),
    }),
  }),
});
