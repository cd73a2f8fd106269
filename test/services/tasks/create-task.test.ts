import { describe, expect, it } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { type CreateTask, createTask, createTasks } from '../../../src/services/tasks/create-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
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
  it('lies in the inbox, with sensible values for what is left out', async () => {
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

  it('belongs to its assignee, which is an event of its own', async () => {
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

  it('is made by the agent whose key makes it', async () => {
    expect(await create({}, key)).toMatchObject({ createdByKeyId: null, createdByAgentId: agent.id });
  });

  it('keeps every character as it is: unicode, quotes, SQL, and what looks like an escape', async () => {
    const odd = {
      title: '👩‍👩‍👧 Ünïcödé ‮rtl‬ \u0001 \uffff',
      description: `'; DROP TABLE tasks; -- "$1" \\u0000 \\ %s {{x}}\r\n\t${'é'.repeat(1000)}`,
      tags: ["o'clock", '"quoted"', '{brace}', 'NULL', ',', '\\'],
      metadata: { 'key "with" \\ quotes': ['\\u0000', { '': null, 'a 数': 1e21, neg: -0.5, t: true }] },
    };
    const task = await create(odd);
    expect(task).toMatchObject(odd);
    const [stored] = await services.sql(
      'SELECT title, description, tags, metadata FROM tasks WHERE id = $1',
      [task.id],
    );
    expect(stored).toEqual(odd);
  });

  it('has each tag once', async () => {
    expect((await create({ tags: ['a', 'b', 'a', 'A'] })).tags).toEqual(['a', 'b', 'A']);
  });
});

describe('a task with an idempotency key', () => {
  const keyed = { idempotencyKey: 'k' };

  it('is made once, however often and wherever it is sent', async () => {
    const tasks = await Promise.all(
      Array.from({ length: 10 }, (_, i) => create(keyed, services.admin, i % 2 ? services : other)),
    );
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(1);
    expect(await counts()).toMatchObject({ tasks: 1, keys: 1 });
  });

  it('is refused with another input, and is another task for another key of the API', async () => {
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
    const anew = await create({ ...keyed, title: 'Another' });
    expect(anew.id).not.toBe(first.id);
    expect((await create({ ...keyed, title: 'Another' })).id).toBe(anew.id);
  });

  it('is not remembered if it was refused', async () => {
    const refused = create({ ...keyed, dependsOn: [{ ref: 'TASK-999999' }] });
    expect(await namedRefusalsOf(refused)).toEqual(['NOT_FOUND dependsOn.0']);
    expect((await create(keyed)).title).toBe('A task');
  });
});

describe('many new tasks', () => {
  const batch = (...inputs: Partial<CreateTask>[]) =>
    createTasks(
      services,
      services.admin,
      inputs.map((input) => ({ title: 'x', ...input })),
    );

  it('are all made in their order', async () => {
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
  ])('are none at all with %s, which is named with its place', async (_, wrong, named) => {
    await create({ idempotencyKey: 'used' });
    const before = await counts();
    const dependency = { idempotencyKey: 'fresh', assignee: { id: agent.id } };
    expect(await namedRefusalsOf(batch(dependency, wrong, {}))).toEqual([named]);
    expect(await counts()).toEqual(before);
  });

  it('are 1 to 100', async () => {
    expect(await namedRefusalsOf(batch())).toEqual(['INVALID inputs']);
    expect(await namedRefusalsOf(batch(...Array(101).fill({})))).toEqual(['INVALID inputs']);
  });

  it('have all their mistakes named at once', async () => {
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

  it('share one idempotency key if they are the same', async () => {
    const [first, second] = await batch({ idempotencyKey: 'k' }, { idempotencyKey: 'k' });
    expect(second?.id).toBe(first?.id);
    expect(await counts()).toMatchObject({ tasks: 1 });
  });
});
