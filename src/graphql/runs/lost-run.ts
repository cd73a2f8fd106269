import type { LostRun } from '../../services/runs/heartbeat.js';
import { RunOutcomeEnum } from '../base/enums.js';
import { getTask } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { TaskType } from '../tasks/task.js';

export const LostRunType = builder.objectRef<LostRun>('LostRun').implement({
  description:
    'A run that lost its task without a call of its agent. A result that the agent still submits is refused.',
  fields: (t) => ({
    runId: t.exposeID('id', { description: 'The run.' }),
    task: t.field({
      type: TaskType,
      description: 'The task, as it is now.',
      resolve: ({ taskId }, _args, context, info) => getTask(context, info, taskId),
    }),
    outcome: t.expose('outcome', { type: RunOutcomeEnum, description: 'How the run ended.' }),
    reason: t.exposeString('lostReason', { nullable: true, description: 'Why, in a sentence.' }),
  }),
});
