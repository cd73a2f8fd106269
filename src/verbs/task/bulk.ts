import * as z from 'zod';
import type { BulkResultFragment } from '../../sdk/index.js';
import { flag, maybeText } from '../fields.js';
import { type Look, oneLine, type View } from '../looks/look.js';
import { status } from '../looks/words.js';
import { toAgentRef } from '../refs.js';
import { defineVerb, effects } from '../verb.js';
import { filterFields, toFilter } from './read.js';

const common = {
  ...filterFields,
  limit: z.number().int().min(1).max(1000).default(100).describe('The maximum number of tasks.'),
  dryRun: flag('Lists the tasks and changes nothing.'),
};

type Bulk = {
  readonly [Key in 'count' | 'remaining' | 'tasks' | 'refused']: NonNullable<BulkResultFragment[Key]>;
};

function viewBulk({ count, remaining, tasks, refused }: Bulk, look: Look, isTrial: boolean): View {
  const head = isTrial ? `${count} would change, nothing has changed` : `${count} changed`;
  return {
    parts: [
      `${head}; ${remaining} left`,
      ...(tasks.length === 0
        ? []
        : [
            {
              columns: ['REF', 'STATUS', 'TITLE'],
              rows: tasks.map(({ ref, status: now, title }) => [ref, status(now, look), oneLine(title)]),
            },
          ]),
      ...refused.map(({ task, errors }) => `${task.ref}: ${errors.map(({ message }) => message).join(' ')}`),
    ],
  };
}

export const assignTasks = defineVerb({
  name: 'task assign-many',
  summary: 'Gives all waiting tasks that the filters leave to an agent, or back to the inbox.',
  use: 'Use it to move the queue of one agent to another. Try it with --dry-run first.',
  avoid: 'For one task use "task assign".',
  operations: ['assignTasks'],
  effect: effects.sets,
  input: z.strictObject({
    ...common,
    to: maybeText('The agent that gets them. If left out, they return to the inbox.'),
  }),
  examples: [
    'mc task assign-many --assignee scout --to iris --dry-run',
    'mc task assign-many --tags web --to iris',
  ],
  run: (client, { to, limit, dryRun, ...filter }, options) =>
    client.assignTasks(
      {
        filter: toFilter(filter),
        assignee: to === undefined ? null : toAgentRef(to),
        first: limit,
        dryRun,
      },
      options,
    ),
  view: (result, look, { dryRun }) => viewBulk(result, look, dryRun),
});

export const cancelTasks = defineVerb({
  name: 'task cancel-many',
  summary: 'Cancels all tasks that the filters leave.',
  use: 'Use it to clear a queue. Try it with --dry-run first.',
  avoid: 'For one task use "task cancel"; for a pipeline run "pipeline cancel".',
  operations: ['cancelTasks'],
  effect: effects.ends,
  input: z.strictObject({ ...common, reason: maybeText('The reason, for the log.') }),
  examples: [
    'mc task cancel-many --tags nightly --dry-run',
    'mc task cancel-many --status inbox --reason "Too old"',
  ],
  run: (client, { reason, limit, dryRun, ...filter }, options) =>
    client.cancelTasks({ filter: toFilter(filter), reason, first: limit, dryRun }, options),
  view: (result, look, { dryRun }) => viewBulk(result, look, dryRun),
});

export const retryTasks = defineVerb({
  name: 'task retry-many',
  summary: 'Brings all failed and cancelled tasks back that the filters leave.',
  use: 'Use it after an outage. Try it with --dry-run first.',
  avoid: 'For one task use "task retry".',
  operations: ['retryTasks'],
  effect: effects.adds,
  input: z.strictObject(common),
  examples: [
    'mc task retry-many --status failed --dry-run',
    'mc task retry-many --status failed --assignee scout',
  ],
  run: (client, { limit, dryRun, ...filter }, options) =>
    client.retryTasks({ filter: toFilter(filter), first: limit, dryRun }, options),
  view: (result, look, { dryRun }) => viewBulk(result, look, dryRun),
});
