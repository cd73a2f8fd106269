import { describe, expect, it } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { failTask } from '../../../src/services/runs/fail-task.js';
import { releaseTask } from '../../../src/services/runs/release-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { aClaimedTask, aKeyOf, anAgent } from '../../support/factories/factory.js';
import { namedRefusalsOf } from '../../support/factories/refusals.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';
import { snapshotOf } from '../../support/postgres/snapshot.js';

let services: TestServices;
let agent: AgentRow;
let key: Viewer;

useServices(async (made) => {
  services = made;
  agent = await anAgent(services);
  key = await aKeyOf(services, agent);
});

describe('the repeat of a call whose answer was lost', () => {
  const calls = {
    complete: (runId: string, text: string) =>
      completeTask(services, key, { runId, resolution: text, followUps: [{ title: `Next: ${text}` }] }),
    fail: (runId: string, text: string) => failTask(services, key, { runId, error: text }),
    release: (runId: string, text: string) => releaseTask(services, key, { runId, reason: text }),
  };

  it.each(Object.entries(calls))('%s answers as the first time and changes nothing', async (_name, call) => {
    const { task, runId } = await aClaimedTask(services, agent);
    const first = await call(runId, 'one');
    const before = await snapshotOf(services, task.id);
    expect(await call(runId, 'one')).toEqual(first);
    expect(await snapshotOf(services, task.id)).toEqual(before);
    expect(await namedRefusalsOf(call(runId, 'another'))).toEqual(['LEASE_LOST runId']);
    for (const [name, other] of Object.entries(calls))
      if (name !== _name) expect(await namedRefusalsOf(other(runId, 'one'))).toEqual(['LEASE_LOST runId']);
    expect(await snapshotOf(services, task.id)).toEqual(before);
  });

  it('with other details is answered as the first time too, because the first call has decided', async () => {
    const failed = await aClaimedTask(services, agent);
    const released = await aClaimedTask(services, agent);
    const completed = await aClaimedTask(services, agent);
    const results = [
      [await failTask(services, key, { runId: failed.runId, error: 'x' }), 'ASSIGNED'],
      [await failTask(services, key, { runId: failed.runId, error: 'x', retry: false }), 'ASSIGNED'],
      [await releaseTask(services, key, { runId: released.runId }), 'ASSIGNED'],
      [await releaseTask(services, key, { runId: released.runId, pass: true }), 'ASSIGNED'],
      [await completeTask(services, key, { runId: completed.runId, resolution: 'x' }), 'REVIEW'],
    ] as const;
    for (const [{ status }, expected] of results) expect(status).toBe(expected);
    const repeated = await completeTask(services, key, {
      runId: completed.runId,
      resolution: 'x',
      followUps: [{ title: 'Too late' }],
    });
    expect(repeated.followUps).toEqual([]);
  });

  it('is told from an operator who ended the run in the same way', async () => {
    const { task, runId } = await aClaimedTask(services, agent);
    await completeTask(services, services.admin, { task: { id: task.id }, resolution: 'done' });
    expect(await namedRefusalsOf(completeTask(services, key, { runId, resolution: 'done' }))).toEqual([
      'LEASE_LOST runId',
    ]);
  });
});

describe('a call that waits for its batch', () => {
  it('leaves the place of its key to others while it waits, and waits for one if it needs a transaction', async () => {
    const { runId } = await aClaimedTask(services, agent);
    const steps: string[] = [];
    const place = {
      leave: () => steps.push('leave'),
      retake: () => steps.push('retake'),
      rejoin: async () => void steps.push('rejoin'),
    };
    const complete = (resolution: string) =>
      completeTask(services, key, { runId, resolution }, '*', null, place);
    await complete('done');
    await expect(complete('another')).rejects.toThrow();
    expect(steps).toEqual(['leave', 'retake', 'leave', 'rejoin']);
  });
});
