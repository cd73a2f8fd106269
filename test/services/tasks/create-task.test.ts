import { describe, expect, it } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { type CreateTask, createTask, createTasks } from '../../../src/services/tasks/create-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { claimFor } from '../../support/factories/claims.js';
import { aKeyOf, anAgent } from '../../support/factories/factory.js';
import { namedRefusalsOf } from '../../support/factories/refusals.js';
import type { TestServices } from '../../support/factories/services.js';
import { useTwoProcesses } from '../../support/factories/use-services.js';

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
const counts = async () => {
  const [row] = await services.sql(
    `SELECT (SELECT count(*)::int FROM tasks) AS tasks, (SELECT count(*)::int FROM events) AS events,
      (SELECT count(*)::int FROM idempotency_keys) AS keys, (SELECT count(*)::int FROM task_dependencies) AS dependencies`,
  );
  return row;
};

describe('a new task', () => {
  it('is in INBOX, with the default for each omitted field', async () => {
    const task = await create();
    expect(task).toMatchObject({
      title: 'A task',
      description: null,
      status: 'INBOX',
      priority: 'MEDIUM',
      tags: [],
      metadata: {},
      assigneeId: null,
      createdByKeyId: services.admin.keyId,
      createdByAgentId: null,
      dueAt: null,
      startsAt: null,
      notBefore: null,
      onDependencyFailure: 'BLOCK',
      reviewPolicy: 'REQUIRED',
      version: 1,
    });
    expect(task.id).toMatch(/^task_/);
    const next = await create();
    expect(next.number).toBeGreaterThan(task.number);
  });

  it('is assigned to its assignee, with a separate event', async () => {
    const task = await create({ assignee: { name: agent.name } });
    expect(task).toMatchObject({ status: 'ASSIGNED', assigneeId: agent.id });
    const events = await services.sql(
      'SELECT type, agent_id, payload FROM events WHERE task_id = $1 ORDER BY id',
      [task.id],
    );
    expect(events).toEqual([
      { type: 'task.created', agent_id: agent.id, payload: { to: 'ASSIGNED' } },
      {
        type: 'task.assigned',
        agent_id: agent.id,
        payload: { assigneeId: agent.id, previousAssigneeId: null },
      },
    ]);
    expect(await namedRefusalsOf(create({ assignee: { name: 'nobody' } }))).toEqual([
      'UNKNOWN_AGENT assignee',
    ]);
  });

  it('is created by the agent whose key creates it', async () => {
    expect(await create({}, key)).toMatchObject({ createdByKeyId: null, createdByAgentId: agent.id });
  });

  it('can be created by an agent for another agent, which then claims it', async () => {
    const next = await anAgent(services);
    const task = await create({ assignee: { id: next.id } }, key);
    expect((await claimFor(services, agent)).reason).toBe('NO_TASKS_AVAILABLE');
    expect((await claimFor(services, next)).task?.id).toBe(task.id);
  });

  it('stores every character unchanged: Unicode, quotes, SQL and escape sequences', async () => {
    const odd = {
      title: '👩‍👩‍👧 Ünïcödé ‮rtl‬ \u0001 \uffff',
      description: `'; DROP TABLE tasks; -- "$1" \\u0000 \\ %s {{x}}\r\n\t${'é'.repeat(1000)}`,
      tags: ["o'clock", '"quoted"', '{brace}', 'NULL', ',', '\\'],
      metadata: {
        'key "with" \\ quotes': ['\\u0000', { '': null, 'a 数': 9_007_199_254_740_991, neg: -0.5, t: true }],
      },
    };
    const task = await create(odd);
    expect(task).toMatchObject(odd);
    const [stored] = await services.sql(
      'SELECT title, description, tags, metadata FROM tasks WHERE id = $1',
      [task.id],
    );
    expect(stored).toEqual(odd);
  });

  it('stores each tag once', async () => {
    expect((await create({ tags: ['a', 'b', 'a', 'A'] })).tags).toEqual(['a', 'b', 'A']);
  });
});

describe('a task with an idempotency key', () => {
  const keyed = { idempotencyKey: 'k' };

  it('is created once by repeated calls on several processes', async () => {
    const tasks = await Promise.all(
      Array.from({ length: 10 }, (_, i) => create(keyed, services.admin, i % 2 ? services : other)),
    );
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(1);
    expect(await counts()).toMatchObject({ tasks: 1, keys: 1 });
  });

  it('is refused with another input, and is a different task for another API key', async () => {
    const first = await create(keyed);
    const order = { ...keyed, tags: [], title: 'A task' };
    expect(await namedRefusalsOf(create({ ...order, priority: 'LOW' }))).toEqual([
      'IDEMPOTENCY_KEY_REUSED idempotencyKey',
    ]);
    expect((await create(keyed, key)).id).not.toBe(first.id);
  });

  it('is remembered for 24 hours', async () => {
    const first = await create(keyed);
    const age = (interval: string) =>
      services.sql(`UPDATE idempotency_keys SET created_at = created_at - interval '${interval}'`);
    await age('23 h 59 min');
    expect((await create(keyed)).id).toBe(first.id);
    await age('1 min');
    const later = await create({ ...keyed, title: 'Another' });
    expect(later.id).not.toBe(first.id);
    expect((await create({ ...keyed, title: 'Another' })).id).toBe(later.id);
  });

  it('is not stored if it was refused', async () => {
    const refused = create({ ...keyed, dependsOn: [{ ref: 'TASK-999999' }] });
    expect(await namedRefusalsOf(refused)).toEqual(['NOT_FOUND dependsOn.0']);
    expect((await create(keyed)).title).toBe('A task');
  });
});

describe('createTasks', () => {
  const batch = (...inputs: Partial<CreateTask>[]) =>
    createTasks(
      services,
      services.admin,
      inputs.map((input) => ({ title: 'x', ...input })),
    );

  it('creates all tasks in their order', async () => {
    const titles = Array.from({ length: 100 }, (_, i) => `${i}`);
    const tasks = await batch(...titles.map((title) => ({ title })));
    expect(tasks.map(({ title }) => title)).toEqual(titles);
    expect([...tasks].sort((a, b) => Number(a.number - b.number))).toEqual(tasks);
  });

  it.each([
    ['an unknown assignee', { assignee: { name: 'nobody' } }, 'UNKNOWN_AGENT 1.assignee'],
    ['an unknown dependency', { dependsOn: [{ ref: 'TASK-0' }] }, 'NOT_FOUND 1.dependsOn.0'],
    ['a wrong field', { title: ' ' }, 'INVALID 1.title'],
    ['a used idempotency key', { idempotencyKey: 'used' }, 'IDEMPOTENCY_KEY_REUSED 1.idempotencyKey'],
  ])('creates no task with %s, and names its place', async (_, wrong, named) => {
    await create({ idempotencyKey: 'used' });
    const before = await counts();
    const dependency = { idempotencyKey: 'fresh', assignee: { id: agent.id } };
    expect(await namedRefusalsOf(batch(dependency, wrong, {}))).toEqual([named]);
    expect(await counts()).toEqual(before);
  });

  it('takes 1 to 100 tasks', async () => {
    expect(await namedRefusalsOf(batch())).toEqual(['INVALID inputs']);
    expect(await namedRefusalsOf(batch(...Array(101).fill({})))).toEqual(['INVALID inputs']);
  });

  it('names all mistakes at once', async () => {
    const wrong = {
      title: '',
      tags: ['', 'fine'],
      metadata: { a: '\u0000' },
      startsAt: new Date(Number.NaN),
    };
    expect(await namedRefusalsOf(batch({}, wrong, { description: '\u0000', dueAt: new Date(-1) }))).toEqual([
      'INVALID 1.title',
      'INVALID 1.startsAt',
      'INVALID 1.tags.0',
      'INVALID 1.metadata',
      'INVALID 2.description',
      'INVALID 2.dueAt',
    ]);
  });

  it('refuses words with a space around them, which would equal no other', async () => {
    const wrong = { requires: ['go', ' sql'], tags: ['two words', 'db '] };
    expect(await namedRefusalsOf(batch(wrong))).toEqual(['INVALID 0.tags.1', 'INVALID 0.requires.1']);
  });

  it('creates one task for equal inputs with one idempotency key', async () => {
    const [first, second] = await batch({ idempotencyKey: 'k' }, { idempotencyKey: 'k' });
    expect(second?.id).toBe(first?.id);
    expect(await counts()).toMatchObject({ tasks: 1 });
  });
});
