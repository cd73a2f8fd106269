import { describe, expect, it } from 'vitest';
import { TASK_STATUSES } from '../../../src/domain/tasks/task-status.js';
import { releaseTask } from '../../../src/services/runs/release-task.js';
import { assignTask } from '../../../src/services/tasks/assign-task.js';
import { type UpdateTask, updateTask } from '../../../src/services/tasks/update-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { claimFor } from '../../support/factories/claims.js';
import { aClaimedTask, anAgent, aTask, aTaskIn } from '../../support/factories/factory.js';
import { namedRefusalsOf, refusalOf } from '../../support/factories/refusals.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';
import { snapshotOf } from '../../support/postgres/snapshot.js';

let services: TestServices;
let agent: AgentRow;

useServices(async (made) => {
  services = made;
  agent = await anAgent(services);
});

const edit = (id: string, changes: Omit<UpdateTask, 'task'>) =>
  updateTask(services, services.admin, { task: { id }, ...changes });
const lastEventOf = async (id: string) =>
  (
    await services.sql('SELECT type, payload FROM events WHERE task_id = $1 ORDER BY id DESC LIMIT 1', [id])
  )[0];

/** jsonb stores the keys of an object in its own order. */
const sorted = (value: unknown) => Object.entries(Object(value)).sort(([a], [b]) => (a < b ? -1 : 1));

const EVERYTHING = {
  title: 'New title',
  description: 'New description',
  priority: 'CRITICAL',
  dueAt: new Date('2040-01-01'),
  startsAt: new Date('2039-01-01'),
  tags: ['a', 'b'],
  metadata: { a: { b: [1, null, 'x'] } },
  reviewPolicy: 'SKIP',
} as const;

describe('an edit', () => {
  it('without fields succeeds and changes nothing', async () => {
    const task = await aTask(services);
    const before = await snapshotOf(services, task.id);
    expect(await edit(task.id, {})).toEqual(task);
    const nothing = { title: undefined, description: undefined, dueAt: undefined, tags: undefined };
    expect(await edit(task.id, { ...nothing, expectedVersion: 1 })).toEqual(task);
    expect(await snapshotOf(services, task.id)).toEqual(before);
  });

  it('to the stored values changes nothing', async () => {
    const { id } = await aTask(services);
    await edit(id, EVERYTHING);
    const before = await snapshotOf(services, id);
    await edit(id, { ...EVERYTHING, tags: ['a', 'b', 'a'], metadata: { a: { b: [1, null, 'x'] } } });
    expect(await snapshotOf(services, id)).toEqual(before);
  });

  it('of every field raises the version by one, with one event that names the fields', async () => {
    const { id } = await aTask(services);
    expect(await edit(id, EVERYTHING)).toMatchObject({ ...EVERYTHING, version: 2 });
    expect(await lastEventOf(id)).toEqual({
      type: 'task.updated',
      payload: { changedFields: Object.keys(EVERYTHING) },
    });
  });

  it('has an event with the changed fields only', async () => {
    const { id } = await aTask(services, { title: 'same', description: 'old' });
    await edit(id, { title: 'same', description: 'new' });
    expect(await lastEventOf(id)).toMatchObject({ payload: { changedFields: ['description'] } });
  });

  it('clears a nullable field by null, and refuses null for other fields', async () => {
    const { id } = await aTask(services, EVERYTHING);
    const cleared = { description: null, dueAt: null, startsAt: null };
    expect(await edit(id, cleared)).toMatchObject(cleared);
    const before = await snapshotOf(services, id);
    for (const field of ['title', 'priority', 'tags', 'metadata', 'reviewPolicy']) {
      expect(await namedRefusalsOf(edit(id, { [field]: null }))).toEqual([`INVALID ${field}`]);
    }
    expect(await snapshotOf(services, id)).toEqual(before);
  });

  it.each(TASK_STATUSES.filter((status) => status !== 'REJECTED'))(
    'does not change the status %s',
    async (status) => {
      const { id } = await aTaskIn(services, status, agent);
      const columns =
        'status, assignee_id, current_run_id, resolution, failure_reason, run_count, dispatch_attempts, review_round, completed_at, started_at, status_at';
      const system = () => services.sql(`SELECT ${columns} FROM tasks WHERE id = $1`, [id]);
      const before = await system();
      await edit(id, EVERYTHING);
      expect(await system()).toEqual(before);
    },
  );

  it('of metadata replaces the value of the client and no field of the system', async () => {
    const { task, runId } = await aClaimedTask(services, agent, { metadata: { kept: true } });
    const forged = JSON.parse(
      `{"status": "DONE", "version": 99, "assigneeId": null, "currentRunId": "run_x", "current_run_id": "run_x",
        "dispatchAttempts": 0, "constructor": null}`,
    );
    const edited = await edit(task.id, { metadata: forged });
    expect(edited).toMatchObject({ status: 'IN_PROGRESS', currentRunId: runId, version: task.version + 1 });
    expect(JSON.stringify(sorted(edited.metadata))).toBe(JSON.stringify(sorted(forged)));
    expect((await edit(task.id, { metadata: {} })).metadata).toEqual({});
    const withPrototype = JSON.parse('{"__proto__": {"admin": true}}');
    expect(await refusalOf(edit(task.id, { metadata: withPrototype }))).toMatchObject({ code: 'INVALID' });
  });

  it('is refused if the expected version differs', async () => {
    const { id } = await aTask(services);
    await edit(id, { title: 'two', expectedVersion: 1 });
    const before = await snapshotOf(services, id);
    for (const expectedVersion of [1, 3, 0, -1, 1_000_000_000]) {
      const refusal = await refusalOf(edit(id, { title: 'three', expectedVersion }));
      expect(refusal).toMatchObject({ code: 'VERSION_CONFLICT', expected: expectedVersion, actual: 2 });
      expect(await refusalOf(edit(id, { expectedVersion }))).toMatchObject({ code: 'VERSION_CONFLICT' });
    }
    expect(await snapshotOf(services, id)).toEqual(before);
    expect((await edit(id, { title: 'three', expectedVersion: 2 })).version).toBe(3);
  });

  it('with an expected version succeeds for one of many concurrent calls', async () => {
    const { id } = await aTask(services);
    const edits = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) => edit(id, { title: `${i}`, expectedVersion: 1 })),
    );
    expect(edits.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('keeps the changes of a concurrent edit', async () => {
    const { id } = await aTask(services);
    await Promise.all([
      edit(id, { title: 'new' }),
      edit(id, { tags: ['new'] }),
      edit(id, { priority: 'LOW' }),
    ]);
    expect(await edit(id, {})).toMatchObject({ title: 'new', tags: ['new'], priority: 'LOW', version: 4 });
  });

  it('of the start delays the task, and clearing it makes the task eligible', async () => {
    const { id } = await aTask(services);
    const startsAt = new Date(Date.now() + 3_600_000);
    await edit(id, { startsAt });
    expect(await claimFor(services, agent)).toMatchObject({ task: null, nextEligibleAt: startsAt });
    await edit(id, { startsAt: new Date('2020-01-01') });
    expect((await claimFor(services, agent)).task?.id).toBe(id);
  });

  it('of the start during progress takes effect when the task is released', async () => {
    const { task, runId } = await aClaimedTask(services, agent);
    const startsAt = new Date(Date.now() + 3_600_000);
    await edit(task.id, { startsAt });
    await releaseTask(services, services.admin, { runId });
    expect(await claimFor(services, agent)).toMatchObject({ task: null, nextEligibleAt: startsAt });
  });

  it('is refused for an unknown task', async () => {
    const wrong = [
      { id: 'task_no' },
      { ref: 'TASK-0' },
      { ref: 'TASK-1e3' },
      { ref: 'TASK-99999999999999999999' },
      {},
    ];
    for (const task of [...wrong, { id: '\u0000' }, { ref: 'TASK-1\u0000' }, { ref: "TASK-1' OR 1=1" }]) {
      const refused = updateTask(services, services.admin, { task, title: 'x' });
      expect(await namedRefusalsOf(refused)).toEqual(['NOT_FOUND task']);
    }
  });
});

describe('an assignment', () => {
  const assign = (id: string, assignee: AgentRow | null, expectedVersion?: number) =>
    assignTask(services, services.admin, {
      task: { id },
      assignee: assignee === null ? null : { id: assignee.id },
      expectedVersion,
    });
  const assignments = (id: string) =>
    services.sql<{ agent_id: string | null; payload: unknown }>(
      "SELECT agent_id, payload FROM events WHERE task_id = $1 AND type = 'task.assigned' ORDER BY id",
      [id],
    );

  it('sets, changes and clears the assignee, each with one version and one event', async () => {
    const other = await anAgent(services);
    const { id } = await aTask(services);
    expect(await assign(id, agent)).toMatchObject({ status: 'ASSIGNED', assigneeId: agent.id, version: 2 });
    expect(await assign(id, other)).toMatchObject({ status: 'ASSIGNED', assigneeId: other.id, version: 3 });
    expect(await assign(id, null)).toMatchObject({ status: 'INBOX', assigneeId: null, version: 4 });
    expect(await assignments(id)).toEqual([
      { agent_id: agent.id, payload: { assigneeId: agent.id, previousAssigneeId: null } },
      { agent_id: other.id, payload: { assigneeId: other.id, previousAssigneeId: agent.id } },
      { agent_id: null, payload: { assigneeId: null, previousAssigneeId: other.id } },
    ]);
  });

  it('to the current assignee changes nothing', async () => {
    const { id } = await aTask(services, { assignee: { id: agent.id } });
    const free = await aTask(services);
    const before = [await snapshotOf(services, id), await snapshotOf(services, free.id)];
    await assign(id, agent);
    await assign(free.id, null);
    expect([await snapshotOf(services, id), await snapshotOf(services, free.id)]).toEqual(before);
  });

  it('is refused for an unknown agent, and if the expected version differs', async () => {
    const { id } = await aTask(services);
    const unknown = assignTask(services, services.admin, { task: { id }, assignee: { name: 'nobody' } });
    expect(await namedRefusalsOf(unknown)).toEqual(['UNKNOWN_AGENT assignee']);
    expect(await namedRefusalsOf(assign(id, agent, 2))).toEqual(['VERSION_CONFLICT expectedVersion']);
  });
});
