import * as z from 'zod';
import {
  flag,
  idempotencyKey,
  maybeInstant,
  maybeObject,
  maybeOneOf,
  maybeText,
  maybeWords,
  PRIORITIES,
  text,
} from '../fields.js';
import { done, lines } from '../looks/look.js';
import { place, taskDone } from '../looks/task-look.js';
import { count } from '../looks/words.js';
import { toOptionalAgent, toTaskRef } from '../refs.js';
import { defineVerb, effects } from '../verb.js';

const fields = {
  title: text('What to do, in one line: 1 to 500 characters.'),
  description: maybeText('What to do, in detail, in Markdown.'),
  assignee: maybeText('The agent that gets the task, by name or id. If left out, any agent may claim it.'),
  priority: maybeOneOf(PRIORITIES, 'How urgent it is. The default is MEDIUM.'),
  tags: maybeWords('Labels for filtering.'),
  requires: maybeWords('Capabilities that an agent must have to get the task.'),
  dependsOn: maybeWords('Tasks that must be done first, by ref or id.'),
  onDependencyFailure: maybeOneOf(
    ['BLOCK', 'CANCEL', 'PROCEED'],
    'What happens to the task when a dependency ends without success.',
  ),
  dueAt: maybeInstant('due', 'When it is due: 2026-12-01T18:00:00Z, "tomorrow 9:00" or 2h.'),
  startsAt: maybeInstant('start', 'It is not handed out before this time.'),
  reviewPolicy: maybeOneOf(['REQUIRED', 'SKIP'], 'Whether the finished work needs a verdict.'),
  metadata: maybeObject('Your own data. The server stores it and never reads it.'),
};

const input = z.strictObject({ ...fields, idempotencyKey });

function toInput({ assignee, dependsOn, ...rest }: z.infer<typeof input>) {
  return { ...rest, assignee: toOptionalAgent(assignee), dependsOn: dependsOn?.map(toTaskRef) };
}

export const createTask = defineVerb({
  name: 'task create',
  summary: 'Creates a task, for one agent or for the first that asks.',
  use: 'Use it to hand out one piece of work.',
  avoid:
    'For the same work again and again use "cron create"; for steps that build on each other use "pipeline".',
  operations: ['createTask'],
  effect: effects.adds,
  input,
  places: ['title'],
  texts: ['description'],
  examples: [
    'mc task create "Fix login page CSS" --assignee scout --priority high',
    'mc task create "Write the release notes" --description @notes.md --depends-on TASK-41',
  ],
  run: async (client, given, options) => (await client.createTask(toInput(given), options)).task,
  view: (task, look) => lines(taskDone(look, task, place(task))),
});

export const createTasks = defineVerb({
  name: 'task create-many',
  summary: 'Creates up to 100 tasks, all or none.',
  use: 'Use it for tasks that belong together, from a JSON document.',
  avoid: 'For one task use "task create".',
  operations: ['createTasks'],
  effect: effects.adds,
  input: z.strictObject({
    tasks: z
      .array(
        input.extend({
          key: maybeText('A name within this call, for dependsOnKeys.'),
          dependsOnKeys: maybeWords('Keys of tasks of this call that must be done first.'),
        }),
      )
      .min(1)
      .max(100)
      .describe('The tasks, with the fields of "task create".'),
  }),
  examples: [
    `mc task create-many --body '{"tasks": [{"title": "Build"}, {"title": "Test"}]}'`,
    'mc task create-many --body @tasks.json',
  ],
  run: async (client, { tasks }, options) => (await client.createTasks(tasks.map(toInput), options)).tasks,
  view: (tasks, look) =>
    lines(
      done(look, `${count(tasks.length, 'task')} created`),
      ...tasks.map((task) => taskDone(look, task, place(task))),
    ),
});

const { title: _t, onDependencyFailure: _o, dependsOn: _d, assignee: _a, ...editable } = fields;

export const updateTask = defineVerb({
  name: 'task edit',
  summary: 'Changes what a task says: title, description, priority, dates, tags.',
  use: 'Use it while the task has not ended.',
  avoid: 'To give the task to another agent use "task assign"; for dependencies "task depend".',
  operations: ['updateTask'],
  effect: effects.sets,
  input: z.strictObject({
    task: text('The task: its ref, such as TASK-42, or its id.'),
    title: maybeText('What to do, in one line.'),
    ...editable,
    expectedVersion: z.number().int().optional().describe('Refuse if the stored version differs.'),
    clearDueAt: flag('Removes the due date.'),
  }),
  places: ['task'],
  texts: ['description'],
  examples: [
    'mc task edit TASK-42 --priority critical',
    'mc task edit TASK-42 --tags web,css --clear-due-at',
  ],
  run: async (client, { task, clearDueAt, dueAt, ...changes }, options) => {
    const due = clearDueAt ? null : dueAt;
    return (await client.updateTask({ ...changes, task: toTaskRef(task), dueAt: due }, options)).task;
  },
  view: (task, look) => lines(taskDone(look, task, 'changed')),
});
