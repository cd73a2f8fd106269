import * as z from 'zod';
import { maybeText, task, text } from '../fields.js';
import { done, lines } from '../looks/look.js';
import { commentLine, place, taskDone, taskRow } from '../looks/task-look.js';
import { toAgentRef, toTaskRef } from '../refs.js';
import { defineStream, defineVerb, effects } from '../verb.js';

const dependency = z.strictObject({
  task: text('The task that waits: its ref or its id.'),
  on: text('The task that must be done first: its ref or its id.'),
});

export const assignTask = defineVerb({
  name: 'task assign',
  summary: 'Gives a waiting task to an agent, or back to the inbox.',
  use: 'Use it to triage, and to move work from one agent to another.',
  avoid: 'A task in progress must be released or cancelled first.',
  operations: ['assignTask'],
  effect: effects.sets,
  input: z.strictObject({
    task,
    agent: maybeText('The agent, by name or id. If left out, the task returns to the inbox.'),
    expectedVersion: z.number().int().optional().describe('Refuse if the stored version differs.'),
  }),
  places: ['task', 'agent'],
  examples: ['mc task assign TASK-42 scout', 'mc task assign TASK-42'],
  run: async (client, { task: word, agent, expectedVersion }, options) => {
    const assignee = agent === undefined ? null : toAgentRef(agent);
    return (await client.assignTask({ task: toTaskRef(word), assignee, expectedVersion }, options)).task;
  },
  view: (changed, look) => lines(taskDone(look, changed, place(changed))),
});

export const cancelTask = defineVerb({
  name: 'task cancel',
  summary: 'Cancels a task that has not ended. An agent that works on it loses its lease.',
  use: 'Use it when the work is not wanted any more.',
  avoid: 'To try again later use "task release" or "task fail".',
  operations: ['cancelTask'],
  effect: effects.ends,
  input: z.strictObject({ task, reason: maybeText('The reason, for the log.') }),
  places: ['task'],
  examples: ['mc task cancel TASK-42', 'mc task cancel TASK-42 --reason "Not needed any more"'],
  run: async (client, { task: word, reason }, options) =>
    (await client.cancelTask({ task: toTaskRef(word), reason }, options)).task,
  view: (changed, look) => lines(taskDone(look, changed, place(changed))),
});

export const retryTask = defineVerb({
  name: 'task retry',
  summary: 'Brings a failed or cancelled task back, with its counters at zero.',
  use: 'Use it when the cause of the failure is gone.',
  avoid: 'A task that has not ended is tried again by itself.',
  operations: ['retryTask'],
  effect: effects.adds,
  input: z.strictObject({ task }),
  places: ['task'],
  examples: ['mc task retry TASK-42', 'mc task retry TASK-42 --json'],
  run: async (client, { task: word }, options) =>
    (await client.retryTask({ task: toTaskRef(word) }, options)).task,
  view: (changed, look) => lines(taskDone(look, changed, place(changed))),
});

export const addDependency = defineVerb({
  name: 'task depend',
  summary: 'Makes a waiting task wait for another one.',
  use: 'Use it when the order of two existing tasks matters.',
  avoid: 'For a new task use "task create --depends-on"; for a repeated graph "pipeline".',
  operations: ['addDependency'],
  effect: effects.sets,
  input: dependency,
  places: ['task', 'on'],
  examples: ['mc task depend TASK-42 TASK-41', 'mc task depend TASK-42 TASK-41 --json'],
  run: async (client, { task: word, on }, options) =>
    (await client.addDependency({ task: toTaskRef(word), dependsOn: toTaskRef(on) }, options)).task,
  view: (changed, look, { on }) => lines(taskDone(look, changed, `waits for ${on}`)),
});

export const removeDependency = defineVerb({
  name: 'task undepend',
  summary: 'Removes a dependency of a waiting task.',
  use: 'Use it when a task need not wait for another one any more.',
  avoid: 'If the other task failed and should be tried again use "task retry" on it.',
  operations: ['removeDependency'],
  effect: effects.removes,
  input: dependency,
  places: ['task', 'on'],
  examples: ['mc task undepend TASK-42 TASK-41', 'mc task undepend TASK-42 TASK-41 --json'],
  run: async (client, { task: word, on }, options) =>
    (await client.removeDependency({ task: toTaskRef(word), dependsOn: toTaskRef(on) }, options)).task,
  view: (changed, look, { on }) => lines(taskDone(look, changed, `waits no more for ${on}`)),
});

export const addComment = defineVerb({
  name: 'task comment',
  summary: 'Adds a comment to a task.',
  use: 'Use it to tell the next agent or a person something about the task.',
  avoid: 'For what an agent is doing right now use "task progress".',
  operations: ['addComment'],
  effect: effects.adds,
  input: z.strictObject({
    task,
    body: text('The text, in Markdown.'),
    replyTo: maybeText('The comment (cmt_…) that it replies to.'),
    idempotencyKey: maybeText('A key of your choice for safe retries.'),
  }),
  places: ['task', 'body'],
  texts: ['body'],
  examples: ['mc task comment TASK-42 "The password is in the vault."', 'mc task comment TASK-42 @notes.md'],
  run: async (client, { task: word, replyTo, ...given }, options) =>
    (await client.addComment({ ...given, task: toTaskRef(word), inReplyToId: replyTo }, options)).comment,
  view: (comment, look) => lines(done(look, commentLine(comment, look))),
});

const ENDS: readonly string[] = ['DONE', 'FAILED', 'CANCELLED'];

export const watchTask = defineStream({
  name: 'task watch',
  summary: 'Follows one task to its end: its state at once, then after each change.',
  use: 'Use it to wait for a result, or to see an agent at work. It ends when the task is done, failed or cancelled.',
  avoid: 'To follow many tasks use "task follow".',
  operations: ['followTask'],
  effect: effects.reads,
  input: z.strictObject({ task }),
  places: ['task'],
  examples: ['mc task watch TASK-42', 'mc task watch TASK-42 --json --fields status,resolution'],
  async *open(client, { task: word }, options) {
    for await (const changed of client.followTask({ ref: toTaskRef(word) }, options)) {
      yield changed;
      if (ENDS.includes(changed.status)) return;
    }
  },
  view: (changed, look) => lines(taskRow(changed, look).join('  ')),
});
