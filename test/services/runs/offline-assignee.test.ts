import { beforeEach, describe, expect, it } from 'vitest';
import { disconnectAgent } from '../../../src/services/agents/disconnect-agent.js';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { failTask } from '../../../src/services/runs/fail-task.js';
import { releaseTask } from '../../../src/services/runs/release-task.js';
import { retryTask } from '../../../src/services/tasks/retry-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { claimFor } from '../../support/factories/claims.js';
import { aClaimedTask, anAgent, aTask, aTaskIn } from '../../support/factories/factory.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';

let services: TestServices;
let ann: AgentRow;

useServices((made) => {
  services = made;
});
beforeEach(async () => {
  ann = await anAgent(services);
});

const silence = () =>
  services.sql("UPDATE agents SET last_seen_at = now() - interval '11 min' WHERE id = $1", [ann.id]);
const offlineEvents = (taskId: string) =>
  services.sql("SELECT agent_id, payload FROM events WHERE task_id = $1 AND type = 'task.assignee_offline'", [
    taskId,
  ]);
const reject = (id: string) =>
  submitVerdict(services, services.admin, { task: { id }, verdict: 'REJECTED', feedback: 'again' });
const isSaid = () => [
  {
    agent_id: ann.id,
    payload: { reason: expect.stringContaining(`waits for ${ann.name}, which is offline`) },
  },
];

describe('an event says that the agent of a task with a pin is offline', () => {
  it('when its work is rejected', async () => {
    const { id } = await aTaskIn(services, 'REVIEW', ann);
    await silence();
    const { task } = await reject(id);
    expect(task).toMatchObject({ status: 'ASSIGNED', assigneeId: ann.id, pinned: true });
    expect(await offlineEvents(id)).toEqual(isSaid());
  });

  it('when the task is retried', async () => {
    const { id } = await aTaskIn(services, 'FAILED', ann);
    await silence();
    await retryTask(services, services.admin, { task: { id } });
    expect(await offlineEvents(id)).toEqual(isSaid());
  });
});

describe('an event says that a task is back at an agent that is offline', () => {
  it('when the agent disconnects, and once only', async () => {
    const { task } = await aClaimedTask(services, ann);
    await disconnectAgent(services, services.admin, { id: ann.id });
    expect(await offlineEvents(task.id)).toEqual(isSaid());
    await disconnectAgent(services, services.admin, { id: ann.id });
    expect(await offlineEvents(task.id)).toHaveLength(1);
  });

  it('when an operator fails its attempt', async () => {
    const { task } = await aClaimedTask(services, ann);
    await silence();
    await failTask(services, services.admin, { task: { id: task.id }, error: 'It is stuck.' });
    expect(await offlineEvents(task.id)).toEqual(isSaid());
  });

  it('when another agent passes its task on to it', async () => {
    const { task, runId } = await aClaimedTask(services, await anAgent(services));
    await silence();
    await releaseTask(services, services.admin, { runId, pass: true, to: { id: ann.id } });
    expect(await offlineEvents(task.id)).toEqual(isSaid());
  });
});

describe('no event says so', () => {
  it('while the agent is there, or if the server calls it', async () => {
    const { id } = await aTaskIn(services, 'REVIEW', await anAgent(services));
    await reject(id);
    const called = await aTaskIn(services, 'REVIEW', ann);
    await services.sql("UPDATE agents SET delivery = 'PUSH' WHERE id = $1", [ann.id]);
    await silence();
    await reject(called.id);
    expect([...(await offlineEvents(id)), ...(await offlineEvents(called.id))]).toEqual([]);
  });

  it('when the agent itself releases or fails its task', async () => {
    const [released, failed] = [
      await aClaimedTask(services, ann),
      await aClaimedTask(services, await anAgent(services)),
    ];
    await silence();
    await releaseTask(services, services.admin, { runId: released.runId });
    await failTask(services, services.admin, { runId: failed.runId, error: 'boom' });
    expect([...(await offlineEvents(released.task.id)), ...(await offlineEvents(failed.task.id))]).toEqual(
      [],
    );
  });

  it('of a task without a pin, which does not wait for the agent', async () => {
    const { id } = await aTask(services, { priority: 'CRITICAL' });
    const { run } = await claimFor(services, ann);
    await completeTask(services, services.admin, { runId: run?.id, resolution: 'done' });
    await silence();
    await reject(id);
    expect(await offlineEvents(id)).toEqual([]);
  });
});
