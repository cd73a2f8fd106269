import type { AgentStats } from '../../domain/agents/stats.js';
import { builder } from '../builder.js';

export const AgentStatsType = builder.objectRef<AgentStats>('AgentStats').implement({
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
    approvalRate: t.exposeFloat('approvalRate', {
      nullable: true,
      description: 'The share of approved verdicts, from 0 to 1. Null if there were no verdicts.',
    }),
  }),
});
