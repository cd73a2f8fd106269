import * as z from 'zod';
import { words } from '../looks/words.js';
import { defineVerb, effects } from '../verb.js';
import { filterFields, toFilter } from './read.js';

const KEYS = ['STATUS', 'ASSIGNEE', 'PRIORITY', 'TAG', 'MODEL', 'FAILURE_REASON'] as const;

export const countTasks = defineVerb({
  name: 'task count',
  summary: 'Counts tasks by a value, the largest number first: all or those that filters leave.',
  use: 'Use it to see how work is spread over statuses, agents, tags or models.',
  avoid: 'For the tasks themselves use "task list".',
  operations: ['taskCounts'],
  effect: effects.reads,
  input: z.strictObject({
    by: z
      .enum(KEYS)
      .default('STATUS')
      .describe('What is counted by: status, assignee, priority, tag, model or failure_reason.'),
    ...filterFields,
  }),
  places: ['by'],
  examples: ['mc task count assignee --status in_progress', 'mc task count failure_reason --json'],
  run: (client, { by, ...given }, options) => client.taskCounts({ by, filter: toFilter(given) }, options),
  view: (groups, _look, { by }) => ({
    parts: [
      {
        columns: [words(by).toUpperCase(), 'TASKS'],
        rows: groups.map(({ key, count, assignee }) => [nameOf(by, assignee?.name ?? key), `${count}`]),
      },
    ],
  }),
});

/** Enum values are written as words; tags and models as they are. */
function nameOf(by: (typeof KEYS)[number], name: string | null): string {
  if (name === null) return 'none';
  return by === 'STATUS' || by === 'PRIORITY' || by === 'FAILURE_REASON' ? words(name) : name;
}
