import * as z from 'zod';
import { isRecord } from '../../verbs/coerce.js';
import { maybeText } from '../../verbs/fields.js';
import { briefTask, compactRecord, outputOf } from '../output.js';
import { callVerb, defineTool, defineVerbTool, type Tool } from '../tool.js';
import { askPerson } from './ask-person.js';
import { forgetRun, run } from './run-field.js';
import { waitSeconds } from './waiting.js';

const brief = outputOf({ task: 'object' });

const claim = callVerb('task claim');

function leaseEndOf({ leaseExpiresAt }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof leaseExpiresAt === 'string' ? leaseExpiresAt : undefined;
}

const claimNextTask = defineTool({
  name: 'claim_next_task',
  title: 'Claim the next task',
  description:
    'Gets the next task and starts a run on it. Do the task, then call complete_task with run.id. The lease is renewed for you. Without a task, reason says why: call again with waitSeconds.',
  input: z.strictObject({
    agent: maybeText('The acting agent, if the key is bound to none.'),
    waitSeconds,
    tags: z.array(z.string().min(1)).optional().describe('Only tasks with all of these.'),
    resume: z.boolean().optional().describe('First returns a task that you already hold.'),
  }),
  output: outputOf({ reason: 'string', 'task?': 'object', 'run?': 'object' }),
  effect: claim.effect,
  async call({ client, held }, input, options) {
    return held.claiming(
      async (signal) =>
        compactRecord(
          (await claim.run(client, { ...input, lease: held.lease }, { ...options, signal })).data,
        ),
      options.signal,
      ({ run: made }) => (isRecord(made) ? { id: String(made.id), leaseEnd: leaseEndOf(made) } : null),
    );
  },
});

const reportProgress = defineVerbTool({
  name: 'report_progress',
  title: 'Report progress',
  verb: 'task progress',
  fields: ['message', 'percent'],
  otherFields: { run },
  advice: 'Call it every few minutes during long work.',
  output: outputOf({ run: 'object' }),
  toOutput: ({ data }) => ({ run: compactRecord(data) }),
  // A server that was restarted has forgotten which runs its clients hold.
  done: ({ held }, { run: id }) => void (typeof id === 'string' && held.keep({ id })),
});

const completeTask = defineVerbTool({
  name: 'complete_task',
  title: 'Hand in the result',
  verb: 'task complete',
  fields: ['resolution', 'model', 'inputTokens', 'outputTokens'],
  otherFields: { run },
  advice: 'Ends the run. It goes to review, or is done.',
  output: brief,
  toOutput: ({ data }) => ({ task: briefTask(data) }),
  done: forgetRun,
});

const failTask = defineVerbTool({
  name: 'fail_task',
  title: 'Fail the attempt',
  verb: 'task fail',
  fields: ['error', 'retry'],
  otherFields: { run },
  advice: 'If only a person can decide use ask_person, if another agent should do it release_task.',
  output: brief,
  toOutput: ({ data }) => ({ task: briefTask(data) }),
  done: forgetRun,
});

const releaseTask = defineVerbTool({
  name: 'release_task',
  title: 'Give a task back',
  verb: 'task release',
  fields: ['reason', 'pass', 'to'],
  otherFields: { run },
  advice: 'If you tried and could not do it use fail_task.',
  output: brief,
  toOutput: ({ data }) => ({ task: briefTask(data) }),
  done: forgetRun,
});

export const workTools: readonly Tool[] = [
  claimNextTask,
  reportProgress,
  askPerson,
  completeTask,
  failTask,
  releaseTask,
];
