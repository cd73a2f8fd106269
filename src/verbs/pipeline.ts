import * as z from 'zod';
import { AlreadyExistsError, type PipelineRunDetailFragment } from '../sdk/index.js';
import {
  expectedVersion,
  idempotencyKey,
  maybeObject,
  maybeOneOf,
  maybeWords,
  page,
  text,
} from './fields.js';
import { nodesOf, readList, viewList } from './list.js';
import { done, type Look, lines, oneLine, type View } from './looks/look.js';
import { age } from './looks/times.js';
import { count, status, words } from './looks/words.js';
import { notFound } from './task/read.js';
import { template, toTemplate } from './template.js';
import { defineVerb, effects } from './verb.js';

const name = text('The name of the pipeline.');
const runId = text('The id of the run (plr_…).');

const step = z.strictObject({
  key: text('Its name for other steps.'),
  dependsOn: maybeWords('The keys of the steps that must be done first.'),
  onDependencyFailure: maybeOneOf(
    ['BLOCK', 'CANCEL', 'PROCEED'],
    'What happens to its task when a dependency ends without success.',
  ),
  template: z.strictObject(template).describe('The template of its task.'),
});

const save = defineVerb({
  name: 'pipeline save',
  summary: 'Stores a pipeline, a graph of tasks; replaces the steps of one that exists.',
  use: 'Use it for work of several steps that is started again and again.',
  avoid: 'For a single chain use "task create --depends-on".',
  operations: ['createPipeline', 'updatePipeline'],
  effect: effects.sets,
  input: z.strictObject({
    name,
    steps: z.array(step).min(1).max(1000).describe('The steps, as JSON.'),
    expectedVersion,
  }),
  places: ['name'],
  examples: [
    `mc pipeline save release --body '{"steps": [{"key": "build", "template": {"title": "Build {{version}}"}}]}'`,
    'mc pipeline save release --body @release.json',
  ],
  run: async (client, { name: wanted, steps, expectedVersion: version }, options) => {
    const input = {
      name: wanted,
      steps: steps.map((one) => ({ ...one, template: toTemplate(one.template) })),
    };
    if (version !== undefined)
      return (await client.updatePipeline({ ...input, expectedVersion: version }, options)).pipeline;
    try {
      return (await client.createPipeline(input, options)).pipeline;
    } catch (error) {
      if (!(error instanceof AlreadyExistsError)) throw error;
      return (await client.updatePipeline(input, options)).pipeline;
    }
  },
  view: ({ name: saved, version, steps, variables }, look) =>
    lines(
      done(
        look,
        `${look.paint('strong', saved)} version ${version}: ${count(steps.length, 'step')}${variables.length > 0 ? `, variables ${variables.join(', ')}` : ''}`,
      ),
    ),
});

const list = defineVerb({
  name: 'pipeline list',
  summary: 'Lists the pipelines.',
  use: 'Use it to find a pipeline to start.',
  avoid: 'For the runs of one use "pipeline runs".',
  operations: ['pipelines'],
  effect: effects.reads,
  input: z.strictObject(page),
  examples: ['mc pipeline list', 'mc pipeline list --all --json --fields name,variables'],
  run: (client, { limit, after, all }, options) =>
    readList(client.pipelines({ first: limit, after }, options), all),
  data: nodesOf,
  view: (found, look) =>
    viewList(found, look, {
      columns: ['NAME', 'VERSION', 'STEPS', 'CHANGED', 'VARIABLES'],
      row: ({ name: one, version, steps, updatedAt, variables }) => [
        look.paint('strong', one),
        `${version}`,
        `${steps.length}`,
        `${age(updatedAt, look)} ago`,
        variables.join(', '),
      ],
      empty: 'No pipelines.',
      hint: ({ name: one }) => `mc pipeline start ${one}`,
    }),
});

const show = defineVerb({
  name: 'pipeline show',
  summary: 'Shows a pipeline with its steps, or one run of it with its tasks.',
  use: 'Use it with a name for the steps, and with the id of a run for its state.',
  avoid: 'For the history of one task use "task show".',
  operations: ['pipeline', 'pipelineRun'],
  effect: effects.reads,
  input: z.strictObject({ pipeline: text('The name of a pipeline, or the id of a run (plr_…).') }),
  places: ['pipeline'],
  examples: ['mc pipeline show release', 'mc pipeline show plr_01k8… --json --fields status,progress'],
  run: async (client, { pipeline: word }, options) => {
    const run = word.startsWith('plr_') ? await client.pipelineRun({ id: word }, options) : null;
    if (run) return { run, pipeline: null };
    const pipeline = await client.pipeline({ name: word }, options);
    if (pipeline === null) throw notFound(`pipeline ${word}`);
    return { run: null, pipeline };
  },
  data: ({ run, pipeline }) => run ?? pipeline,
  view: ({ run, pipeline }, look) => {
    if (run) return viewRun(run, look);
    if (!pipeline) return lines();
    return {
      parts: [
        `${look.paint('strong', pipeline.name)} version ${pipeline.version}${pipeline.variables.length > 0 ? ` · variables: ${pipeline.variables.join(', ')}` : ''}`,
        {
          columns: ['STEP', 'AFTER', 'AGENT', 'TITLE'],
          rows: pipeline.steps.map(({ key, dependsOn, template }) => [
            key,
            dependsOn.join(', ') || '–',
            template.assignee?.name ?? '–',
            oneLine(template.title),
          ]),
        },
      ],
      hint: `mc pipeline start ${pipeline.name}`,
    };
  },
});

function viewRun(run: PipelineRunDetailFragment, look: Look): View {
  return {
    parts: [
      `${look.paint('strong', run.pipeline.name)} ${run.id}: ${words(run.status)}, ${Math.round(run.progress * 100)}%`,
      {
        columns: ['STEP', 'REF', 'STATUS', 'AGENT', 'AFTER', 'TITLE'],
        rows: run.tasks.map((task) => [
          task.pipelineStep ?? '–',
          task.ref,
          status(task.status, look),
          task.assignee?.name ?? '–',
          task.dependsOn.map(({ ref }) => ref).join(', ') || '–',
          oneLine(task.title),
        ]),
      },
    ],
  };
}

const start = defineVerb({
  name: 'pipeline start',
  summary: 'Starts a pipeline: creates all its tasks, all or none.',
  use: 'Use it with a value for each variable of the pipeline.',
  avoid: 'To go on with a failed run retry its failed task.',
  operations: ['startPipeline'],
  effect: effects.adds,
  input: z.strictObject({
    name,
    variables: maybeObject('A value for each placeholder: version=1.2.'),
    idempotencyKey,
  }),
  places: ['name'],
  examples: [
    'mc pipeline start release --variables version=1.2',
    `mc pipeline start release --variables '{"version": "1.2"}'`,
  ],
  run: async (client, given, options) => (await client.startPipeline(given, options)).pipelineRun,
  view: (run, look) => {
    const { parts } = viewRun(run, look);
    const hint = `mc pipeline show ${run.id}`;
    return { parts: [done(look, `${count(run.tasks.length, 'task')} created`), ...parts], hint };
  },
});

const cancel = defineVerb({
  name: 'pipeline cancel',
  summary: 'Cancels all tasks of a run that have not ended.',
  use: 'Use it when the whole run is not wanted any more.',
  avoid: 'For one task of it use "task cancel".',
  operations: ['cancelPipelineRun'],
  effect: effects.ends,
  input: z.strictObject({ run: runId }),
  places: ['run'],
  examples: ['mc pipeline cancel plr_01k8…', 'mc pipeline cancel plr_01k8… --json'],
  run: async (client, { run: id }, options) => (await client.cancelPipelineRun({ id }, options)).pipelineRun,
  view: ({ id, pipeline, status: now }, look) =>
    lines(done(look, `${look.paint('strong', pipeline.name)} ${id}: ${words(now)}`)),
});

const remove = defineVerb({
  name: 'pipeline remove',
  summary: 'Removes a pipeline and frees its name. Its runs continue.',
  use: 'Use it when it is not started any more.',
  avoid: 'To end a run use "pipeline cancel".',
  operations: ['removePipeline'],
  effect: effects.ends,
  input: z.strictObject({ name }),
  places: ['name'],
  examples: ['mc pipeline remove release', 'mc pipeline remove release --json'],
  run: (client, { name: wanted }, options) => client.removePipeline({ name: wanted }, options),
  view: (_removed, look, { name: wanted }) => lines(done(look, `${wanted} removed`)),
});

const runs = defineVerb({
  name: 'pipeline runs',
  summary: 'Lists the runs of a pipeline, latest first.',
  use: 'Use it to find the id of a run.',
  avoid: 'For the tasks of one run use "pipeline show".',
  operations: ['pipelineRuns'],
  effect: effects.reads,
  input: z.strictObject({ name, ...page }),
  places: ['name'],
  examples: ['mc pipeline runs release', 'mc pipeline runs release --json --fields id,status'],
  run: (client, { name: wanted, limit, after, all }, options) =>
    readList(client.pipelineRuns({ name: wanted, first: limit, after }, options), all),
  data: nodesOf,
  view: (found, look) =>
    viewList(found, look, {
      columns: ['RUN', 'STATUS', 'PROGRESS', 'BEGAN'],
      row: ({ id, status: now, progress, startedAt }) => [
        id,
        words(now),
        `${Math.round(progress * 100)}%`,
        `${age(startedAt, look)} ago`,
      ],
      empty: 'It was not started yet.',
      hint: ({ id }) => `mc pipeline show ${id}`,
    }),
});

export const pipelineVerbs = [save, list, show, start, cancel, remove, runs];
