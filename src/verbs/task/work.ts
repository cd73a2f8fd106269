import * as z from 'zod';
import { RefusedError } from '../../sdk/index.js';
import {
  actingAgent,
  flag,
  idempotencyKey,
  maybeCount,
  maybeText,
  maybeWords,
  run as runField,
  text,
} from '../fields.js';
import { done, lines, oneLine } from '../looks/look.js';
import { claimedView, place, taskDone } from '../looks/task-look.js';
import { distance } from '../looks/times.js';
import { words } from '../looks/words.js';
import { toOptionalAgent, toRunOrTask } from '../refs.js';
import { defineVerb, effects } from '../verb.js';
import { notFound } from './read.js';

const lease = maybeText('The length of the lease: 10m or PT10M.');

const reasons = {
  AGENT_PAUSED: 'The agent is paused by an operator.',
  AT_CAPACITY: 'The agent already holds as many tasks as its capacity allows.',
  NO_TASKS_AVAILABLE: 'No task waits that this agent may have.',
  ASSIGNED: '',
  CONTINUE_CURRENT: '',
} as const;

export const claimTask = defineVerb({
  name: 'task claim',
  summary: 'Gets the next task for an agent and starts a run on it.',
  use: 'Use it when an agent is free. The answer has the run that every later call names.',
  avoid: 'To only look at the queue use "task next" or "task list".',
  operations: ['claimNextTask'],
  effect: effects.adds,
  input: z.strictObject({
    agent: actingAgent,
    waitSeconds: maybeCount('How many seconds to wait for a task.', 0, 60),
    maxCapacity: maybeCount('The maximum number of tasks in progress for this claim.', 1, 100),
    tags: maybeWords('Only a task with all of these tags.'),
    capabilities: maybeWords('Only these capabilities of the agent.'),
    model: maybeText('The model that works in this session, for the record of the attempt.'),
    resume: flag('Returns the oldest task that the agent already holds, if any.'),
    lease,
    idempotencyKey,
  }),
  examples: [
    'mc task claim --agent scout --json',
    'mc task claim --agent scout --wait-seconds 30 --lease 10m',
  ],
  run: (client, { agent, ...given }, options) =>
    client.claimNextTask({ ...given, agent: toOptionalAgent(agent) }, options),
  view: ({ reason, task, run, nextEligibleAt }, look) => {
    if (!task || !run)
      return lines(
        reasons[reason],
        nextEligibleAt && `The next one can start ${distance(nextEligibleAt, look)}.`,
      );
    const until = run.leaseExpiresAt ? `, lease ends ${distance(run.leaseExpiresAt, look)}` : '';
    const view = claimedView(task, look, taskDone(look, task, `claimed (attempt ${run.number}${until})`));
    return { ...view, hint: `hand it in: mc task complete ${run.id} --resolution "…"` };
  },
});

export const completeTask = defineVerb({
  name: 'task complete',
  summary: 'Hands in the result of a task.',
  use: 'Use it when the work is done. The task goes to review, or is done if it needs none.',
  avoid: 'If the work cannot be done use "task fail"; to give it back untouched "task release".',
  operations: ['completeTask'],
  effect: effects.sets,
  input: z.strictObject({
    run: runField,
    resolution: text('The result, in Markdown: 1 to 100,000 characters.'),
    model: maybeText('The model that did the work.'),
    inputTokens: maybeCount('The number of input tokens.', 0, 2 ** 31 - 1),
    outputTokens: maybeCount('The number of output tokens.', 0, 2 ** 31 - 1),
    costUsd: z.number().min(0).optional().describe('The cost in US dollars.'),
    idempotencyKey,
  }),
  places: ['run'],
  texts: ['resolution'],
  examples: [
    'mc task complete TASK-42 --resolution "Moved the button below the form."',
    'mc task complete run_01k8… --resolution @result.md --model claude-opus --input-tokens 1200 --output-tokens 300',
  ],
  run: async (client, { run, resolution, idempotencyKey: key, ...usage }, options) => {
    const { inputTokens, outputTokens, model, costUsd } = usage;
    const hasUsage = inputTokens !== undefined || outputTokens !== undefined || model !== undefined;
    const input = {
      ...toRunOrTask(run),
      resolution,
      idempotencyKey: key,
      usage: hasUsage
        ? { model, costUsd, inputTokens: inputTokens ?? 0, outputTokens: outputTokens ?? 0 }
        : undefined,
    };
    return (await client.completeTask(input, options)).task;
  },
  view: (task, look) => lines(taskDone(look, task, place(task))),
});

export const failTask = defineVerb({
  name: 'task fail',
  summary: 'Ends an attempt with an error. The task is tried again, or fails for good.',
  use: 'Use it when the work cannot be done.',
  avoid: 'To hand the task to another agent without a counted attempt use "task release --pass".',
  operations: ['failTask'],
  effect: effects.ends,
  input: z.strictObject({
    run: runField,
    error: text('What went wrong.'),
    retry: z.boolean().default(true).describe('Whether the task is tried again. If not, it has failed.'),
  }),
  places: ['run'],
  texts: ['error'],
  examples: [
    'mc task fail run_01k8… --error "The build is broken"',
    'mc task fail TASK-42 --error @log.txt --no-retry',
  ],
  run: async (client, { run, error, retry }, options) =>
    (await client.failTask({ ...toRunOrTask(run), error, retry }, options)).task,
  view: (task, look) => lines(taskDone(look, task, place(task))),
});

export const releaseTask = defineVerb({
  name: 'task release',
  summary: 'Gives a task, or a claimed review, back without a counted attempt.',
  use: 'Use it when an agent stops, or when another agent should do the work.',
  avoid: 'If the work was tried and failed use "task fail".',
  operations: ['releaseTask', 'task'],
  effect: effects.sets,
  input: z.strictObject({
    run: runField,
    reason: maybeText('The reason, for the log.'),
    pass: flag('Passes the task on to another agent.'),
    to: maybeText('With pass: the agent that gets the task.'),
  }),
  places: ['run'],
  examples: [
    'mc task release run_01k8…',
    'mc task release TASK-42 --pass --to iris --reason "Needs a designer"',
  ],
  run: async (client, { run, to, ...given }, options) => {
    const runId = await liveRunOf(client, run, options);
    return (await client.releaseTask({ ...given, runId, to: toOptionalAgent(to) }, options)).task;
  },
  view: (task, look) => lines(taskDone(look, task, place(task))),
});

/** The run that a word names: by its id, or the one that holds the task now. */
async function liveRunOf(
  client: Parameters<typeof releaseTask.run>[0],
  word: string,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<string> {
  const holder = toRunOrTask(word);
  if ('runId' in holder) return holder.runId;
  const found = await client.task({ ref: holder.task }, options);
  if (found === null) throw notFound(`task ${word}`);
  if (found.currentRun) return found.currentRun.id;
  const message = `${found.ref} is ${words(found.status)}: no run holds it.`;
  throw new RefusedError({ refusal: { code: 'LEASE_LOST', message, path: null }, runId: undefined });
}

export const reportProgress = defineVerb({
  name: 'task progress',
  summary: 'Reports what an agent is doing, which people see live.',
  use: 'Use it during long work, every few minutes.',
  avoid: 'It does not renew the lease: use "task renew".',
  operations: ['reportProgress'],
  effect: effects.sets,
  input: z.strictObject({
    run: text('The run (run_…) that holds the task.'),
    message: text('What the agent is doing.'),
    percent: z.number().min(0).max(100).optional().describe('The completed share, 0 to 100.'),
  }),
  places: ['run', 'message'],
  examples: [
    'mc task progress run_01k8… "Reading the logs"',
    'mc task progress run_01k8… "Half of it" --percent 50',
  ],
  run: async (client, { run, ...given }, options) =>
    (await client.reportProgress({ ...given, runId: run }, options)).run,
  view: ({ id, progress, progressPercent }, look) =>
    lines(
      done(
        look,
        `${id}: ${oneLine(progress ?? '')}${progressPercent === null ? '' : ` (${progressPercent}%)`}`,
      ),
    ),
});

export const renewLease = defineVerb({
  name: 'task renew',
  summary: 'Renews the lease of a run.',
  use: 'Use it in scripts whose work takes longer than a lease.',
  avoid: '"mc worker" renews leases by itself; for all runs of an agent use "agent heartbeat".',
  operations: ['renewLease'],
  effect: effects.sets,
  input: z.strictObject({ run: text('The run (run_…) that holds the task.'), lease }),
  places: ['run'],
  examples: ['mc task renew run_01k8…', 'mc task renew run_01k8… --lease 30m'],
  run: async (client, { run, lease: length }, options) =>
    (await client.renewLease({ runId: run, lease: length }, options)).run,
  view: ({ id, leaseExpiresAt }, look) =>
    lines(done(look, `${id}: lease ends ${leaseExpiresAt ? distance(leaseExpiresAt, look) : 'never'}`)),
});
