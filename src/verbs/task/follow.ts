import * as z from 'zod';
import { maybeText } from '../fields.js';
import { lines } from '../looks/look.js';
import { taskRow } from '../looks/task-look.js';
import { words } from '../looks/words.js';
import { defineStream, defineVerb, effects } from '../verb.js';
import { filterFields, toFilter } from './read.js';

export const followTasks = defineStream({
  name: 'task follow',
  summary: 'Follows the tasks that filters leave: which enter, change and leave.',
  use: 'Use it to react to work of a kind, such as all that fails or waits for a verdict.',
  avoid: 'To follow one task use "task watch"; for every event "events watch".',
  operations: ['followTasks'],
  effect: effects.reads,
  input: z.strictObject(filterFields),
  examples: ['mc task follow --status failed', 'mc task follow --tags deploy --json --fields change,taskId'],
  open: (client, filter, options) => client.followTasks({ filter: toFilter(filter) }, options),
  view: ({ change, taskId, task }, look) => {
    if (change === null) return lines('Following.');
    return lines(`${words(change)}  ${task === null ? taskId : taskRow(task, look).join('  ')}`);
  },
});

export const listTags = defineVerb({
  name: 'task tags',
  summary: 'Lists the tags that tasks have or had, at most 100.',
  use: 'Use it to find the usual tag before adding one of your own.',
  avoid: 'For how many tasks have each tag use "task count tag".',
  operations: ['tags'],
  effect: effects.reads,
  input: z.strictObject({ prefix: maybeText('Only tags that begin with this text.') }),
  places: ['prefix'],
  examples: ['mc task tags', 'mc task tags back --json'],
  run: (client, { prefix }, options) => client.tags({ prefix }, options),
  view: (tags) => lines(...(tags.length === 0 ? ['No tags.'] : tags)),
});
