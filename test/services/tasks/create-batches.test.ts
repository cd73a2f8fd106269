import { describe, expect, it } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { TASK_FIELD_NAMES } from '../../../src/domain/tasks/task-fields.js';
import { isOutage } from '../../../src/postgres/outage.js';
import { type CreateTask, createTask, createTasks } from '../../../src/services/tasks/create-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import type { TaskRow } from '../../../src/store/tasks/tasks.js';
import { aKeyOf, anAgent, aTask } from '../../support/factories/factory.js';
import { inOneBatch } from '../../support/factories/one-batch.js';
import type { TestServices } from '../../support/factories/services.js';
import { useTwoProcesses } from '../../support/factories/use-services.js';
import { holdLocks } from '../../support/postgres/held-lock.js';
import { countStatements } from '../../support/postgres/statements.js';

let services: TestServices;
let other: TestServices;
let agent: AgentRow;
let key: Viewer;

useTwoProcesses(async (two) => {
  ({ services, other } = two);
  agent = await anAgent(services);
  key = await aKeyOf(services, agent);
});

const create = (input: Partial<CreateTask> = {}, viewer = services.admin, process = services) =>
  createTask(process, viewer, { title: 'A task', ...input });
const inBatch = (...calls: (() => Promise<TaskRow>)[]) => inOneBatch(services, calls);
const outcomeOf = (result: PromiseSettledResult<TaskRow>) =>
  result.status === 'fulfilled' ? result.value.title : `${result.reason.code} ${result.reason.path ?? ''}`;
const tasks = () =>
  services.sql<{ id: string; title: string; transaction: string }>(
    'SELECT id, title, xmin::text AS transaction FROM tasks ORDER BY number',
  );
const keys = async () =>
  (await services.sql<{ key: string }>('SELECT key FROM idempotency_keys ORDER BY key')).map(
    (each) => each.key,
  );

describe('calls of createTask that arrive together', () => {
  it('are one transaction in the order of their arrival, each with its own events', async () => {
    const made = await inBatch(
      () => create({ title: 'first' }),
      () => create({ title: 'second', assignee: { name: agent.name } }),
      () => create({ title: 'third' }, key),
    );
    expect(made.map(outcomeOf)).toEqual(['first', 'second', 'third']);
    const rows = await tasks();
    expect(rows.map(({ title }) => title)).toEqual(['first', 'second', 'third']);
    expect(new Set(rows.map(({ transaction }) => transaction)).size).toBe(1);
    const events = await services.sql(
      `SELECT t.title, e.type, e.actor_key_id, e.actor_agent_id, e.agent_id FROM
        (SELECT * FROM event_outbox UNION ALL SELECT id, type, at, actor_key_id, actor_agent_id, task_id, agent_id, run_id, review_id,
          comment_id, key_id, recurring_task_id, pipeline_run_id, payload FROM events) e
        JOIN tasks t ON t.id = e.task_id ORDER BY e.id`,
    );
    const byAdmin = { actor_key_id: services.admin.keyId, actor_agent_id: null };
    expect(events).toEqual([
      { title: 'first', type: 'task.created', ...byAdmin, agent_id: null },
      { title: 'second', type: 'task.created', ...byAdmin, agent_id: agent.id },
      { title: 'second', type: 'task.assigned', ...byAdmin, agent_id: agent.id },
      { title: 'third', type: 'task.created', actor_key_id: null, actor_agent_id: agent.id, agent_id: null },
    ]);
  });

  it('get their own answers: one is refused, one is a repeat, one reuses a key, and the others are created', async () => {
    await create({ title: 'earlier', idempotencyKey: 'earlier' });
    const made = await inBatch(
      () => create({ title: 'new' }),
      () => create({ assignee: { name: 'missing' }, idempotencyKey: 'refused' }),
      () => create({ title: 'earlier', idempotencyKey: 'earlier' }),
      () => create({ title: 'another', idempotencyKey: 'earlier' }, key),
      () => create({ title: 'keyed', idempotencyKey: 'keyed' }),
    );
    expect(made.map(outcomeOf)).toEqual(['new', 'UNKNOWN_AGENT assignee', 'earlier', 'another', 'keyed']);
    const [reused] = await inBatch(() => create({ title: 'changed', idempotencyKey: 'earlier' }));
    expect(reused && outcomeOf(reused)).toBe('IDEMPOTENCY_KEY_REUSED idempotencyKey');
    expect((await tasks()).map(({ title }) => title)).toEqual(['earlier', 'new', 'another', 'keyed']);
    // The key of a refused call is free again.
    expect(await keys()).toEqual(['earlier', 'earlier', 'keyed']);
    expect(await create({ title: 'corrected', idempotencyKey: 'refused' })).toMatchObject({
      title: 'corrected',
    });
  });

  it('with one idempotency key create one task', async () => {
    const repeat = () => create({ title: 'once', idempotencyKey: 'once' });
    const made = await inBatch(
      repeat,
      repeat,
      () => create({ title: 'changed', idempotencyKey: 'once' }),
      repeat,
    );
    expect(made.map(outcomeOf)).toEqual(['once', 'once', 'IDEMPOTENCY_KEY_REUSED idempotencyKey', 'once']);
    expect(await tasks()).toHaveLength(1);
  });

  it('of one agent create no more than it may have open, and those of others are created', async () => {
    const settings = { ...services.settings, quotas: { ...services.settings.quotas, openTasksPerAgent: 2 } };
    const limited = { ...services, settings };
    const made = await inBatch(
      ...['a', 'b', 'c'].map((title) => () => create({ title, idempotencyKey: title }, key, limited)),
      () => create({ title: 'd' }, services.admin, limited),
    );
    expect(made.map(outcomeOf)).toEqual(['a', 'b', 'QUOTA_EXCEEDED ', 'd']);
    expect(await keys()).toEqual(['a', 'b']);
  });

  it('do not wait for a transaction that counts the tasks of one of their agents', async () => {
    const counting = await holdLocks(other, 'SELECT count_open_tasks($1, 1)', [agent.id]);
    const waiting = create({ title: 'waits' }, key);
    const made = await inBatch(() => create({ title: 'other' }));
    expect(made.map(outcomeOf)).toEqual(['other']);
    await counting.release();
    expect(await waiting).toMatchObject({ title: 'waits' });
  });

  it('are created each by itself when an idempotency key of the batch is reserved for long', async () => {
    const reserve = `INSERT INTO idempotency_keys (scope, operation, key, fingerprint, subject_id) VALUES ($1, 'createTask', 'held', 'f', 'x')`;
    const reserved = await holdLocks(other, reserve, [services.admin.keyId]);
    const held = create({ title: 'held', idempotencyKey: 'held' });
    expect((await inBatch(() => create({ title: 'other' }))).map(outcomeOf)).toEqual(['other']);
    await reserved.release();
    expect(await held).toMatchObject({ title: 'held' });
    expect(await tasks()).toHaveLength(2);
  });

  it('are created each by itself when PostgreSQL refuses the statement, so that only the one at fault fails', async () => {
    await services.sql("ALTER TABLE tasks ADD CONSTRAINT no_bad CHECK (title <> 'bad')");
    const made = await inBatch(
      () => create({ title: 'good' }),
      () => create({ title: 'bad', idempotencyKey: 'bad' }),
      () => create({ title: 'fine' }),
    );
    await services.sql('ALTER TABLE tasks DROP CONSTRAINT no_bad');
    expect(made.map(outcomeOf)).toEqual(['good', '23514 ', 'fine']);
    expect((await tasks()).map(({ title }) => title).sort()).toEqual(['fine', 'good']);
    expect(await keys()).toEqual([]);
  });

  it('are all told to retry when the connection dies, and change nothing', async () => {
    await services.sql(`CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN NEW; END'`);
    await services.sql(
      `CREATE TRIGGER die BEFORE INSERT ON tasks FOR EACH ROW WHEN (NEW.title = 'deadly') EXECUTE FUNCTION die()`,
    );
    const titles = ['first', 'deadly', 'last'];
    const made = await inBatch(...titles.map((title) => () => create({ title, idempotencyKey: title })));
    expect(made.map((each) => each.status === 'rejected' && isOutage(each.reason))).toEqual([
      true,
      true,
      true,
    ]);
    expect([await tasks(), await keys()]).toEqual([[], []]);
    await services.sql('DROP TRIGGER die ON tasks');
    const repeated = await inBatch(...titles.map((title) => () => create({ title, idempotencyKey: title })));
    expect(repeated.map(outcomeOf)).toEqual(titles);
  });
});

describe('a new task', () => {
  it('costs one round trip', async () => {
    expect(await countStatements(() => create({ idempotencyKey: 'a' }))).toBe(1);
    const several = () => createTasks(services, services.admin, [{ title: 'a' }, { title: 'b' }]);
    expect(await countStatements(several)).toBe(1);
  });

  it('is the same with and without dependencies, in every field', async () => {
    const full: Required<CreateTask> = {
      title: 'A "quoted" \\ title',
      description: 'With\nlines, {braces} and ünïcode 🦊',
      priority: 'CRITICAL',
      dueAt: new Date('2040-01-02T03:04:05.678Z'),
      startsAt: new Date('2041-01-02T03:04:05.678Z'),
      tags: ['b', 'a', 'b', '"', '{}', 'NULL'],
      requires: ['z', 'y'],
      metadata: { list: [1, null, { deep: 1.5 }], text: '\\"', large: 9007199254740991 },
      reviewPolicy: 'SKIP',
      onDependencyFailure: 'PROCEED',
      assignee: { id: agent.id },
      idempotencyKey: null,
      key: 'key',
      dependsOn: null,
      dependsOnKeys: null,
    };
    expect(TASK_FIELD_NAMES.filter((name) => full[name] === null)).toEqual([]);
    const done = await aTask(services);
    for (const input of [full, { title: 'Only a title' }])
      for (const viewer of [services.admin, key]) {
        const fast = await createTask(services, viewer, input);
        const slow = await createTask(services, viewer, { ...input, dependsOn: [{ id: done.id }] });
        const made = { id: '', number: 0n, createdAt: 0, updatedAt: 0, statusAt: 0, openDependencies: 0 };
        expect({ ...fast, ...made }).toEqual({ ...slow, ...made });
      }
  });
});
