import * as z from 'zod';
import { expectedVersion, idempotencyKey, maybeCount, maybeInstant, maybeText, text } from '../fields.js';
import { lines } from '../looks/look.js';
import { momentIn } from '../looks/times.js';
import { notFound } from '../task/read.js';
import { template, toTemplate } from '../template.js';
import { defineVerb, effects } from '../verb.js';
import { hasTemplate, mergeTemplate, omitTemplate, recurring, recurringDone, when } from './rules.js';

export const createCron = defineVerb({
  name: 'cron create',
  summary: 'Creates tasks from a template on a schedule.',
  use: 'Use it for reports, checks and audits that come back.',
  avoid: 'For one task at a later time use "task create --starts-at".',
  operations: ['createRecurringTask', 'previewSchedule'],
  effect: effects.adds,
  input: z.strictObject({
    name: text('Its unique name.'),
    schedule: text('When it is due: a cron expression (0 9 * * 1-5) or English (every weekday at 9am).'),
    ...when,
    ...template,
    idempotencyKey,
  }),
  texts: ['description'],
  examples: [
    'mc cron create --name standup --schedule "every weekday at 9am" --tz Europe/Berlin --title "Daily report" --assignee iris',
    `mc cron create --body '{"name": "scan", "schedule": "0 2 * * 0", "task_template": {"title": "Weekly security audit", "assigned_to": "aegis"}}'`,
  ],
  run: async (
    client,
    { name, schedule, timeZone, catchUp, overlap, idempotencyKey: key, ...rest },
    options,
  ) => {
    const input = {
      name,
      schedule,
      timeZone,
      catchUp,
      overlap,
      template: toTemplate(rest),
      idempotencyKey: key,
    };
    const { recurringTask } = await client.createRecurringTask(input, options);
    const found = await client.recurringTask({ id: recurringTask.id }, options);
    return found ?? { ...recurringTask, nextRuns: [] };
  },
  view: (created, look) => lines(recurringDone(look, created, created.nextRuns)),
});

export const previewCron = defineVerb({
  name: 'cron preview',
  summary: 'Shows how a schedule is understood and its next times.',
  use: 'Use it before "cron create".',
  avoid: 'For a recurring task that exists use "cron show".',
  operations: ['previewSchedule'],
  effect: effects.reads,
  input: z.strictObject({
    schedule: text('A cron expression or English.'),
    timeZone: when.timeZone,
    count: maybeCount('How many times are shown.', 1, 100),
    from: maybeInstant('start', 'The times after this instant.'),
  }),
  places: ['schedule'],
  examples: [
    'mc cron preview "every weekday at 9am" --tz Europe/Berlin',
    'mc cron preview "0 2 * * 0" --count 3 --json',
  ],
  run: (client, given, options) => client.previewSchedule(given, options),
  view: ({ valid, cron, text: reading, message, nextRuns }, look, { timeZone }) =>
    valid
      ? lines(
          `${reading ?? ''} (cron ${cron ?? ''}, ${timeZone ?? 'UTC'})`,
          ...nextRuns.map((at) => momentIn(timeZone ?? 'UTC', at)),
        )
      : lines(`${look.paint('bad', '✕')} ${message ?? 'The schedule cannot be understood.'}`),
});

export const editCron = defineVerb({
  name: 'cron edit',
  summary: 'Changes a recurring task: its schedule, its rules or its template.',
  use: 'Use it when a schedule or the text of its tasks has to change.',
  avoid: 'To stop it for a while use "cron pause".',
  operations: ['recurringTask', 'updateRecurringTask'],
  effect: effects.sets,
  input: z.strictObject({
    recurring,
    name: maybeText('Its new name.'),
    schedule: maybeText('Its new schedule, which applies from now on.'),
    ...when,
    ...template,
    title: maybeText('The new title of its tasks.'),
    expectedVersion,
  }),
  places: ['recurring'],
  texts: ['description'],
  examples: [
    'mc cron edit standup --schedule "every weekday at 8am"',
    'mc cron edit standup --assignee scout --priority high',
  ],
  run: async (client, { recurring: id, ...given }, options) => {
    const found = await client.recurringTask({ id }, options);
    if (found === null) throw notFound(`recurring task ${id}`);
    const changes = omitTemplate(given);
    const merged = hasTemplate(given) ? mergeTemplate(found, given) : undefined;
    const version = given.expectedVersion ?? (merged && found.version);
    const input = { ...changes, id: found.id, template: merged, expectedVersion: version };
    await client.updateRecurringTask(input, options);
    return (await client.recurringTask({ id: found.id }, options)) ?? found;
  },
  view: (changed, look) => lines(recurringDone(look, changed, changed.nextRuns)),
});
