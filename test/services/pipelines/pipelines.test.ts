import { describe, expect, it } from 'vitest';
import type { PipelineStep } from '../../../src/services/pipelines/pipeline-steps.js';
import {
  createPipeline,
  removePipeline,
  updatePipeline,
} from '../../../src/services/pipelines/save-pipeline.js';
import { startPipeline } from '../../../src/services/pipelines/start-pipeline.js';
import { aKeyOf, anAgent } from '../../support/factories/factory.js';
import { step } from '../../support/factories/pipelines.js';
import { namedRefusalsOf, refusalOf } from '../../support/factories/refusals.js';
import type { TestServices } from '../../support/factories/services.js';
import { useTwoProcesses } from '../../support/factories/use-services.js';

let services: TestServices;
let other: TestServices;

useTwoProcesses(async (two) => {
  ({ services, other } = two);
  await anAgent(services, { name: 'iris' });
  await anAgent(services, { name: 'scout' });
});

const create = (steps: readonly PipelineStep[], name = 'p', process = services) =>
  createPipeline(process, process.admin, { name, steps });
const update = (steps: readonly PipelineStep[], expectedVersion?: number) =>
  updatePipeline(services, services.admin, { name: 'p', steps, expectedVersion });
const start = (variables: Record<string, unknown> = {}, more: object = {}, process = services) =>
  startPipeline(process, process.admin, { name: 'p', variables, ...more });
const counts = async () => {
  const [row] = await services.sql(
    `SELECT (SELECT count(*)::int FROM tasks) AS tasks, (SELECT count(*)::int FROM pipelines) AS pipelines,
      (SELECT count(*)::int FROM pipeline_steps) AS steps, (SELECT count(*)::int FROM pipeline_runs) AS runs,
      (SELECT count(*)::int FROM task_dependencies) AS dependencies, (SELECT count(*)::int FROM events) AS events`,
  );
  return row;
};
const eventsSince = async (count: unknown) =>
  (await services.sql<{ type: string }>('SELECT type FROM events ORDER BY id OFFSET $1', [count])).map(
    ({ type }) => type,
  );

describe('a pipeline', () => {
  it('is saved with its steps, and creates no task', async () => {
    const before = await counts();
    const pipeline = await create([step('a'), step('b', ['a'])]);
    expect(pipeline).toMatchObject({ name: 'p', version: 1 });
    expect(pipeline.id).toMatch(/^pip_/);
    expect(await counts()).toMatchObject({ tasks: 0, pipelines: 1, steps: 2, runs: 0 });
    expect(await eventsSince(before?.events)).toEqual(['pipeline.created']);
  });

  it('has a unique name, also when two are saved concurrently', async () => {
    const outcomes = await Promise.allSettled([create([step('a')]), create([step('b')], 'p', other)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await namedRefusalsOf(create([step('a')]))).toEqual(['ALREADY_EXISTS name']);
    expect(await namedRefusalsOf(create([step('a')], 'two words'))).toEqual(['INVALID name']);
    expect(await counts()).toMatchObject({ pipelines: 1, steps: 1 });
  });

  it.each<[string, PipelineStep[], string[]]>([
    ['no steps', [], ['INVALID steps']],
    ['a repeated key', [step('a'), step('a')], ['INVALID steps.1.key']],
    ['a key with a space', [step('a b')], ['INVALID steps.0.key']],
    [
      'an unknown key',
      [step('a', ['a1']), step('b', ['a', 'c'])],
      ['INVALID steps.0.dependsOn.0', 'INVALID steps.1.dependsOn.1'],
    ],
    [
      'wrong fields',
      [step('a', [], { template: { title: '', dueIn: 1, tags: [''] } })],
      ['INVALID steps.0.template.title', 'INVALID steps.0.template.tags.0', 'INVALID steps.0.template.dueIn'],
    ],
    [
      'an unknown agent',
      [step('a'), step('b', [], { template: { assignee: { name: 'nobody' } } })],
      ['UNKNOWN_AGENT steps.1.template.assignee'],
    ],
    [
      'a step with too many dependencies',
      [
        ...Array.from({ length: 101 }, (_, i) => step(`s${i}`)),
        step(
          'end',
          Array.from({ length: 101 }, (_, i) => `s${i}`),
        ),
      ],
      ['INVALID steps.101.dependsOn'],
    ],
    ['too many steps', Array.from({ length: 1_001 }, (_, i) => step(`s${i}`)), ['INVALID steps']],
  ])('with %s is refused', async (_, steps, named) => {
    expect(await namedRefusalsOf(create(steps))).toEqual(named);
    expect(await counts()).toMatchObject({ pipelines: 0, steps: 0 });
  });

  it('whose steps wait for each other is refused with their keys', async () => {
    expect(await refusalOf(create([step('a', ['c']), step('b', ['a']), step('c', ['b'])]))).toMatchObject({
      code: 'DEPENDENCY_CYCLE',
      cycle: ['a', 'c', 'b', 'a'],
      path: ['steps', '0', 'dependsOn'],
    });
  });
});

describe('a pipeline that is removed', () => {
  const remove = (name = 'p', process = services) => removePipeline(process, process.admin, name);

  it('can’t be started or edited, frees its name, and its runs continue', async () => {
    const { id } = await create([step('a')]);
    const run = await start({}, { idempotencyKey: 'before' });
    const before = await counts();
    expect(await remove()).toBe(id);
    expect(await eventsSince(before?.events)).toEqual(['pipeline.removed']);
    for (const use of [start, () => update([step('b')]), remove])
      expect(await namedRefusalsOf(use())).toEqual(['NOT_FOUND name']);
    expect(await start({}, { idempotencyKey: 'before' })).toMatchObject({ id: run.id, status: 'RUNNING' });
    expect((await create([step('b')])).id).not.toBe(id);
    expect(await counts()).toMatchObject({ tasks: 1, runs: 1, pipelines: 2 });
    await remove();
    expect(await counts()).toMatchObject({ pipelines: 2 });
  });

  it('during a start: the start either commits first with all its tasks, or is refused', async () => {
    for (let round = 0; round < 5; round += 1) {
      await create([step('a'), step('b', ['a'])]);
      const runs = Number((await counts())?.runs);
      const [started, removed] = await Promise.allSettled([start({}, {}, other), remove()]);
      expect(removed.status).toBe('fulfilled');
      const made = started.status === 'fulfilled' ? 1 : 0;
      expect(await counts()).toMatchObject({ runs: runs + made, tasks: 2 * (runs + made) });
    }
  });
});

describe('an edit of a pipeline', () => {
  it('replaces the steps and raises the version; the same steps change nothing', async () => {
    await create([step('a'), step('b', ['a'])]);
    const created = await counts();
    expect(await update([step('b'), step('c', ['b'])])).toMatchObject({ version: 2 });
    expect(await eventsSince(created?.events)).toEqual(['pipeline.updated']);
    const before = await counts();
    expect(await update([step('b'), step('c', ['b'])])).toMatchObject({ version: 2 });
    expect(await counts()).toEqual(before);
    const steps = await services.sql('SELECT key, position FROM pipeline_steps ORDER BY position');
    expect(steps).toEqual([
      { key: 'b', position: 0 },
      { key: 'c', position: 1 },
    ]);
  });

  it('is refused for an unknown pipeline, another version, or invalid steps', async () => {
    expect(await namedRefusalsOf(update([step('a')]))).toEqual(['NOT_FOUND name']);
    await create([step('a')]);
    expect(await namedRefusalsOf(update([step('b')], 7))).toEqual(['VERSION_CONFLICT expectedVersion']);
    expect(await refusalOf(update([step('b', ['b'])]))).toMatchObject({ cycle: ['b', 'b'] });
  });

  it('does not change runs that were started before', async () => {
    await create([step('a'), step('b', ['a'])]);
    const run = await start();
    await update([step('z')]);
    expect(run.pipelineVersion).toBe(1);
    expect((await start()).pipelineVersion).toBe(2);
    const titles = await services.sql('SELECT title FROM tasks WHERE pipeline_run_id = $1 ORDER BY number', [
      run.id,
    ]);
    expect(titles).toEqual([{ title: 'a' }, { title: 'b' }]);
  });
});

describe('a start of a pipeline', () => {
  it('creates a task for every step, with the variables filled in', async () => {
    await create([
      step('ship', ['build'], { onDependencyFailure: 'CANCEL', template: { assignee: { name: 'scout' } } }),
      step('build', [], {
        template: {
          title: 'Build {{what}}',
          description: 'For {{ who }}, {{count}} times.',
          tags: ['{{what}}', 'x', '{{what}}'],
          priority: 'HIGH',
          assignee: { name: 'iris' },
          dueIn: 3_600_000,
          metadata: { a: '{{what}}' },
          reviewPolicy: 'REQUIRED',
        },
      }),
      step('tell', ['ship', 'build', 'ship']),
    ]);
    const before = await counts();
    const run = await start({ what: 'a house', who: 'Ada', count: 2 });
    expect(run).toMatchObject({
      status: 'RUNNING',
      variables: { what: 'a house', who: 'Ada', count: 2 },
      finishedAt: null,
    });
    const tasks = await services.sql(
      `SELECT title, description, status, tags, priority, metadata, review_policy AS review, open_dependencies AS open,
        on_dependency_failure AS policy, pipeline_step_key AS key, due_at - created_at = interval '1 hour' AS due,
        (SELECT name FROM agents a WHERE a.id = assignee_id) AS assignee
       FROM tasks WHERE pipeline_run_id = $1 ORDER BY number`,
      [run.id],
    );
    expect(tasks).toEqual([
      {
        key: 'build',
        title: 'Build a house',
        description: 'For Ada, 2 times.',
        status: 'ASSIGNED',
        tags: ['a house', 'x'],
        priority: 'HIGH',
        metadata: { a: '{{what}}' },
        review: 'REQUIRED',
        open: 0,
        policy: 'BLOCK',
        due: true,
        assignee: 'iris',
      },
      expect.objectContaining({
        key: 'ship',
        status: 'ASSIGNED',
        open: 1,
        policy: 'CANCEL',
        due: null,
        assignee: 'scout',
      }),
      expect.objectContaining({
        key: 'tell',
        status: 'INBOX',
        open: 2,
        policy: 'BLOCK',
        assignee: null,
        tags: [],
      }),
    ]);
    expect(await eventsSince(before?.events)).toEqual([
      'pipeline.started',
      ...['task.created', 'task.assigned', 'task.created', 'task.assigned', 'task.created'],
    ]);
  });

  it('is refused for an unknown pipeline, a missing variable or an unknown one', async () => {
    expect(await namedRefusalsOf(start())).toEqual(['NOT_FOUND name']);
    await create([step('a', [], { template: { title: '{{topic}}', tags: ['{{tag}}'] } })]);
    const before = await counts();
    expect(await namedRefusalsOf(start({ topic: 'x' }))).toEqual(['INVALID variables']);
    expect(await namedRefusalsOf(start({ topic: 'x', tag: 'y', more: 'z' }))).toEqual([
      'INVALID variables.more',
    ]);
    expect(await namedRefusalsOf(start({ topic: 'x', tag: ['y'] }))).toEqual(['INVALID variables.tag']);
    expect(await namedRefusalsOf(start({ topic: ' ', tag: 'y'.repeat(101) }))).toEqual([
      'INVALID variables',
      'INVALID variables',
    ]);
    expect(await namedRefusalsOf(start({ topic: '\u0000', tag: 'y' }))).toEqual(['INVALID variables']);
    expect(await counts()).toEqual(before);
  });

  it('that is repeated with the same idempotency key has the same answer, also concurrently', async () => {
    await create([step('a'), step('b', ['a'])]);
    const runs = await Promise.all([
      start({}, { idempotencyKey: 'k' }),
      start({}, { idempotencyKey: 'k' }, other),
      start({}, { idempotencyKey: 'k' }),
    ]);
    expect(new Set(runs.map(({ id }) => id)).size).toBe(1);
    expect(await counts()).toMatchObject({ runs: 1, tasks: 2, dependencies: 1 });
    expect(await namedRefusalsOf(start({ x: 1 }, { idempotencyKey: 'k' }))).toEqual([
      'IDEMPOTENCY_KEY_REUSED idempotencyKey',
    ]);
  });

  it('that is concurrent with an edit has either the old steps or the new ones', async () => {
    await create([step('a'), step('b', ['a'])]);
    for (let round = 0; round < 10; round += 1) {
      const names = round % 2 ? ['a', 'b'] : ['c', 'd', 'e'];
      const [run] = await Promise.all([start({}, {}, other), update(names.map((name) => step(name)))]);
      const tasks = await services.sql<{ key: string }>(
        'SELECT pipeline_step_key AS key FROM tasks WHERE pipeline_run_id = $1 ORDER BY number',
        [run.id],
      );
      expect(['a b', 'c d e']).toContain(tasks.map(({ key }) => key).join(' '));
    }
  });

  it('by an agent names the agent as the creator', async () => {
    await create([step('a')]);
    const iris = await anAgent(services, { name: 'iris' });
    const run = await startPipeline(services, await aKeyOf(services, iris), { name: 'p' });
    const [task] = await services.sql(
      'SELECT created_by_agent_id AS creator FROM tasks WHERE pipeline_run_id = $1',
      [run.id],
    );
    expect(task).toEqual({ creator: iris.id });
  });
});
