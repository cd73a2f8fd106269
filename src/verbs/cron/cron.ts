import * as z from 'zod';
import { page } from '../fields.js';
import { nodesOf, readList, viewList } from '../list.js';
import { done, lines, oneLine } from '../looks/look.js';
import { place, taskDone } from '../looks/task-look.js';
import { age } from '../looks/times.js';
import { words } from '../looks/words.js';
import { notFound } from '../task/read.js';
import { defineVerb, effects } from '../verb.js';
import { createCron, editCron, previewCron } from './define.js';
import { recurring, recurringDone } from './rules.js';

const list = defineVerb({
  name: 'cron list',
  summary: 'Lists the recurring tasks.',
  use: 'Use it to see what is scheduled.',
  avoid: 'For what one of them has created use "cron history".',
  operations: ['recurringTasks'],
  effect: effects.reads,
  input: z.strictObject(page),
  examples: ['mc cron list', 'mc cron list --json --fields name,cron,paused'],
  run: (client, { limit, after, all }, options) =>
    readList(client.recurringTasks({ first: limit, after }, options), all),
  data: nodesOf,
  view: (found, look) =>
    viewList(found, look, {
      columns: ['NAME', 'STATE', 'FIRED', 'LAST', 'ZONE', 'SCHEDULE'],
      row: ({ name, paused, fireCount, lastFiredAt, timeZone, scheduleText }) => [
        look.paint('strong', oneLine(name)),
        paused ? look.paint('warning', 'paused') : 'active',
        `${fireCount}`,
        lastFiredAt === null ? 'never' : age(lastFiredAt, look),
        timeZone,
        scheduleText,
      ],
      empty: 'No recurring tasks.',
      hint: ({ name }) => `mc cron show ${JSON.stringify(oneLine(name))}`,
    }),
});

const show = defineVerb({
  name: 'cron show',
  summary: 'Shows one recurring task with its next times.',
  use: 'Use it to check a schedule that exists.',
  avoid: 'To try a schedule before creating it use "cron preview".',
  operations: ['recurringTask'],
  effect: effects.reads,
  input: z.strictObject({ recurring }),
  places: ['recurring'],
  examples: ['mc cron show standup', 'mc cron show standup --json --fields cron,nextRuns'],
  run: async (client, { recurring: id }, options) => {
    const found = await client.recurringTask({ id }, options);
    if (found === null) throw notFound(`recurring task ${id}`);
    return found;
  },
  view: (found, look) =>
    lines(
      recurringDone(look, found, found.nextRuns).replace(/^\S+ /, ''),
      `cron ${found.cron} · catch up: ${words(found.catchUp)} · overlap: ${words(found.overlap)} · fired ${found.fireCount} times`,
      `creates: ${oneLine(found.template.title)} (${words(found.template.priority)}${found.template.assignee ? ` for ${found.template.assignee.name}` : ''})`,
      found.lastSkipReason && look.paint('warning', `last skipped: ${oneLine(found.lastSkipReason)}`),
    ),
});

const pause = defineVerb({
  name: 'cron pause',
  summary: 'Pauses a schedule.',
  use: 'Use it when its tasks are not wanted for a while.',
  avoid: 'To end it for good use "cron remove".',
  operations: ['pauseRecurringTask'],
  effect: effects.sets,
  input: z.strictObject({ recurring }),
  places: ['recurring'],
  examples: ['mc cron pause standup', 'mc cron pause standup --json'],
  run: async (client, { recurring: id }, options) =>
    (await client.pauseRecurringTask({ id }, options)).recurringTask,
  view: (changed, look) => lines(recurringDone(look, changed, [])),
});

const resume = defineVerb({
  name: 'cron resume',
  summary: 'Resumes a paused schedule from now.',
  use: 'Use it after "cron pause". Due times during the pause create no tasks.',
  avoid: 'For one task right now use "cron fire".',
  operations: ['resumeRecurringTask'],
  effect: effects.sets,
  input: z.strictObject({ recurring }),
  places: ['recurring'],
  examples: ['mc cron resume standup', 'mc cron resume standup --json'],
  run: async (client, { recurring: id }, options) =>
    (await client.resumeRecurringTask({ id }, options)).recurringTask,
  view: (changed, look) => lines(recurringDone(look, changed, [])),
});

const fire = defineVerb({
  name: 'cron fire',
  summary: 'Creates a task of a recurring task now, even while it is paused.',
  use: 'Use it to try a template, or to have the task earlier.',
  avoid: 'It does not change the schedule.',
  operations: ['fireRecurringTask'],
  effect: effects.adds,
  input: z.strictObject({ recurring }),
  places: ['recurring'],
  examples: ['mc cron fire standup', 'mc cron fire standup --json --fields task.ref'],
  run: (client, { recurring: id }, options) => client.fireRecurringTask({ id }, options),
  view: ({ task }, look) => lines(taskDone(look, task, place(task))),
});

const remove = defineVerb({
  name: 'cron remove',
  summary: 'Removes a recurring task and its history. The tasks that it created stay.',
  use: 'Use it when it is not wanted any more.',
  avoid: 'To stop it for a while use "cron pause".',
  operations: ['removeRecurringTask'],
  effect: effects.ends,
  input: z.strictObject({ recurring }),
  places: ['recurring'],
  examples: ['mc cron remove standup', 'mc cron remove standup --json'],
  run: (client, { recurring: id }, options) => client.removeRecurringTask({ id }, options),
  view: (_removed, look, { recurring: id }) => lines(done(look, `${id} removed`)),
});

const history = defineVerb({
  name: 'cron history',
  summary: 'Lists what happened at each due time, latest first.',
  use: 'Use it to see which tasks were created, and why one was skipped.',
  avoid: 'For the next times use "cron show".',
  operations: ['recurringHistory'],
  effect: effects.reads,
  input: z.strictObject({ recurring, ...page }),
  places: ['recurring'],
  examples: ['mc cron history standup', 'mc cron history standup --limit 5 --json'],
  run: (client, { recurring: id, limit, after, all }, options) =>
    readList(client.recurringHistory({ id, first: limit, after }, options), all),
  data: nodesOf,
  view: (found, look) =>
    viewList(found, look, {
      columns: ['FIRED', 'BY', 'TASK', 'STATUS', 'DETAIL'],
      row: ({ firedAt, byHand, task, skippedReason }) => [
        `${age(firedAt, look)} ago`,
        byHand ? 'hand' : 'schedule',
        task?.ref ?? '–',
        task ? words(task.status) : 'skipped',
        oneLine(task?.title ?? skippedReason ?? ''),
      ],
      empty: 'It has not been due yet.',
    }),
});

export const cronVerbs = [
  createCron,
  list,
  show,
  previewCron,
  editCron,
  pause,
  resume,
  fire,
  remove,
  history,
];
