import type { LostRun } from '../../services/runs/heartbeat.js';
import { RunOutcomeEnum } from '../base/enums.js';
import { getTask } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { TaskType } from '../tasks/task.js';

export const LostRunType = builder.objectRef<LostRun>('LostRun').implement({
  description:
    'A run that lost its task, or a review that lost its round, without a call of its agent. A result that the agent still submits is refused; a verdict is SUPERSEDED if the round has ended.',
  fields: (t) => ({
    runId: t.exposeID('id', { description: 'The run, or the review run.' }),
    round: t.exposeInt('round', {
      nullable: true,
      description: 'The round, if it was a review. Null for a run on a task.',
    }),
    task: t.field({
      type: TaskType,
      description: 'The task, as it is now.',
      resolve: ({ taskId }, _args, context, info) => getTask(context, info, taskId),
    }),
    outcome: t.expose('outcome', { type: RunOutcomeEnum, description: 'How the run ended.' }),
    reason: t.exposeString('lostReason', { nullable: true, description: 'Why, in a sentence.' }),
  }),
});
