import * as z from 'zod';
import type { JobFieldsFragment } from '../sdk/index.js';
import { text } from './fields.js';
import { done, type Look, lines, type View } from './looks/look.js';
import { age, distance, shortDuration } from './looks/times.js';
import { count } from './looks/words.js';
import { defineVerb, effects } from './verb.js';

const job = text('The name of the job.');

function table(jobs: readonly JobFieldsFragment[], look: Look): View {
  return {
    parts: [
      {
        columns: ['JOB', 'STATE', 'EVERY', 'LAST', 'NEXT', 'HANDLED', 'ERROR'],
        rows: jobs.map((one) => [
          look.paint('strong', one.name),
          one.paused ? look.paint('warning', 'paused') : 'active',
          shortDuration(one.everyMs),
          one.lastRunAt === null ? 'never' : `${age(one.lastRunAt, look)} ago`,
          one.nextRunAt === null ? '–' : distance(one.nextRunAt, look),
          one.lastHandled === null ? '–' : `${one.lastHandled}`,
          one.lastError === null ? '' : look.paint('bad', one.lastError),
        ]),
      },
    ],
  };
}

const list = defineVerb({
  name: 'jobs list',
  summary: "Lists the server's own jobs: dispatch, recovery, recurring tasks and others.",
  use: 'Use it to see whether the server does its work.',
  avoid: 'For recurring tasks of your own use "cron list".',
  operations: ['schedulerJobs'],
  effect: effects.reads,
  input: z.strictObject({}),
  examples: ['mc jobs list', 'mc jobs list --json --fields name,paused,lastError'],
  run: (client, _input, options) => client.schedulerJobs(options),
  view: table,
});

const run = defineVerb({
  name: 'jobs run',
  summary: 'Runs a job once now, even if it is paused.',
  use: 'Use it in tests and after repairs.',
  avoid: 'Jobs run by themselves: nothing needs this.',
  operations: ['runSchedulerJob'],
  effect: effects.adds,
  input: z.strictObject({ job }),
  places: ['job'],
  examples: ['mc jobs run requeueStaleTasks', 'mc jobs run dispatchAssignedTasks --json'],
  run: (client, { job: name }, options) => client.runSchedulerJob({ name }, options),
  view: ({ job: ran, handled }, look) => lines(done(look, `${ran.name} handled ${count(handled, 'item')}`)),
});

const pause = defineVerb({
  name: 'jobs pause',
  summary: 'Pauses a job on all servers.',
  use: 'Use it during maintenance.',
  avoid: 'While dispatch or recovery is paused, tasks wait.',
  operations: ['pauseSchedulerJob'],
  effect: effects.sets,
  input: z.strictObject({ job }),
  places: ['job'],
  examples: ['mc jobs pause dispatchAssignedTasks', 'mc jobs pause runAegisReviews --json'],
  run: async (client, { job: name }, options) => (await client.pauseSchedulerJob({ name }, options)).job,
  view: (changed, look) => lines(done(look, `${changed.name} paused`)),
});

const resume = defineVerb({
  name: 'jobs resume',
  summary: 'Resumes a paused job.',
  use: 'Use it after "jobs pause".',
  avoid: 'For an agent use "agent resume".',
  operations: ['resumeSchedulerJob'],
  effect: effects.sets,
  input: z.strictObject({ job }),
  places: ['job'],
  examples: ['mc jobs resume dispatchAssignedTasks', 'mc jobs resume runAegisReviews --json'],
  run: async (client, { job: name }, options) => (await client.resumeSchedulerJob({ name }, options)).job,
  view: (changed, look) => lines(done(look, `${changed.name} resumed`)),
});

export const jobVerbs = [list, run, pause, resume];
