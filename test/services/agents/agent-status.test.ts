import { beforeEach, describe, expect, it } from 'vitest';
import { pauseAgent, resumeAgent } from '../../../src/services/agents/pause-agent.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { failTask } from '../../../src/services/runs/fail-task.js';
import { heartbeat } from '../../../src/services/runs/heartbeat.js';
import { releaseTask } from '../../../src/services/runs/release-task.js';
import { renewLease } from '../../../src/services/runs/renew-lease.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { claimFor } from '../../support/factories/claims.js';
import { aClaimedTask, anAgent } from '../../support/factories/factory.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';

let services: TestServices;
let agent: AgentRow;

useServices((made) => {
  services = made;
});
beforeEach(async () => {
  agent = await anAgent(services);
});

/** The status changes in the event log, as `IDLE → BUSY`, without the one of the registration. */
async function changes(): Promise<string[]> {
  const events = await services.sql<{ from: string; to: string }>(
    `SELECT payload->>'from' AS from, payload->>'to' AS to FROM events
     WHERE agent_id = $1 AND type = 'agent.status_changed' ORDER BY id`,
    [agent.id],
  );
  return events.map(({ from, to }) => `${from} → ${to}`).slice(1);
}
const goSilent = () =>
  services.sql(
    "UPDATE agents SET last_seen_at = now() - interval '1 h', announced_status = 'OFFLINE' WHERE id = $1",
    [agent.id],
  );

describe('the status of an agent', () => {
  it.each([
    ['completes', (runId: string) => completeTask(services, services.admin, { runId, resolution: 'x' })],
    ['fails', (runId: string) => failTask(services, services.admin, { runId, error: 'x' })],
    ['releases', (runId: string) => releaseTask(services, services.admin, { runId })],
  ])('is BUSY from the claim until the agent %s its last task', async (_, end) => {
    const [first, second] = [await aClaimedTask(services, agent), await aClaimedTask(services, agent)];
    expect(await changes()).toEqual(['IDLE → BUSY']);
    await end(first.runId);
    expect(await changes()).toEqual(['IDLE → BUSY']);
    await end(second.runId);
    expect(await changes()).toEqual(['IDLE → BUSY', 'BUSY → IDLE']);
  });

  it('is IDLE again when its task is cancelled', async () => {
    const { task } = await aClaimedTask(services, agent);
    await cancelTask(services, services.admin, { task: { id: task.id } });
    expect(await changes()).toEqual(['IDLE → BUSY', 'BUSY → IDLE']);
  });

  it('is PAUSED in every other state, and is derived from the leases again after the pause', async () => {
    const { runId } = await aClaimedTask(services, agent);
    await pauseAgent(services, services.admin, { id: agent.id });
    await renewLease(services, services.admin, { runId });
    await resumeAgent(services, services.admin, { id: agent.id });
    await pauseAgent(services, services.admin, { id: agent.id });
    await releaseTask(services, services.admin, { runId });
    await resumeAgent(services, services.admin, { id: agent.id });
    expect(await changes()).toEqual([
      'IDLE → BUSY',
      'BUSY → PAUSED',
      'PAUSED → BUSY',
      'BUSY → PAUSED',
      'PAUSED → IDLE',
    ]);
  });

  it('leaves OFFLINE at a heartbeat, at a claim that gets no task, and at a claim that gets one', async () => {
    await goSilent();
    await heartbeat(services, services.admin, { agent: { id: agent.id } });
    await goSilent();
    await claimFor(services, agent);
    await goSilent();
    await aClaimedTask(services, agent);
    expect(await changes()).toEqual(['OFFLINE → IDLE', 'OFFLINE → IDLE', 'OFFLINE → BUSY']);
  });

  it('is not BUSY once the lease has ended, and is BUSY again when the lease is renewed', async () => {
    const { runId } = await aClaimedTask(services, agent);
    const other = await aClaimedTask(services, agent);
    await services.sql("UPDATE task_runs SET lease_expires_at = now() - interval '1 s' WHERE id = $1", [
      runId,
    ]);
    await releaseTask(services, services.admin, { runId: other.runId });
    await renewLease(services, services.admin, { runId });
    expect(await changes()).toEqual(['IDLE → BUSY', 'BUSY → IDLE', 'IDLE → BUSY']);
  });

  it('is announced once when many concurrent calls see the change', async () => {
    const held = [
      await aClaimedTask(services, agent),
      await aClaimedTask(services, agent),
      await aClaimedTask(services, agent),
    ];
    await Promise.all(held.map(({ runId }) => releaseTask(services, services.admin, { runId })));
    expect(await changes()).toEqual(['IDLE → BUSY', 'BUSY → IDLE']);
  });
});
