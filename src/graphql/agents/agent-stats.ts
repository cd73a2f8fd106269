import type { AgentStats } from '../../domain/agents/stats.js';
import { builder } from '../builder.js';

export const AgentStatsType = builder.objectRef<AgentStats>('AgentStats').implement({
  description: 'What came of an agent’s work in a stretch of time.',
  fields: (t) => ({
    completed: t.exposeInt('completed', { description: 'Runs that handed in a resolution.' }),
    failed: t.exposeInt('failed', { description: 'Runs that ended with an error or took too long.' }),
    rejected: t.exposeInt('rejected', { description: 'Verdicts that sent its work back.' }),
    medianDurationMs: t.int({
      nullable: true,
      description:
        'How long a completed run took, in milliseconds: half took longer. Null if there was none.',
      resolve: ({ medianDurationMs }) => (medianDurationMs === null ? null : Math.round(medianDurationMs)),
    }),
    approvalRate: t.exposeFloat('approvalRate', {
      nullable: true,
      description: 'Approved verdicts as a part of all, from 0 to 1. Null if there was none.',
    }),
  }),
});
