import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { revokeApiKey } from '../../../src/services/keys/api-keys.js';
import { claimNextReview } from '../../../src/services/reviews/claim-next-review.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { clearTasks } from '../../support/factories/claims.js';
import { aKeyOf, anAgent, aTaskIn } from '../../support/factories/factory.js';
import { namedRefusalsOf } from '../../support/factories/refusals.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';

let services: TestServices;
let worker: AgentRow;
let gone: AbortController;
let stopping = false;
let waits: number[] = [];

useServices(async (made) => {
  const watch: TestServices['reviewWaiters']['watch'] = (agentId) => {
    const watched = made.reviewWaiters.watch(agentId);
    return {
      ...watched,
      wait(ms, signal) {
        waits.push(ms);
        return watched.wait(ms, signal);
      },
    };
  };
  services = { ...made, reviewWaiters: { ...made.reviewWaiters, watch }, stopping: () => stopping };
  worker = await anAgent(services);
});
beforeEach(() => {
  gone = new AbortController();
  stopping = false;
  waits = [];
});
afterEach(() => gone.abort());

const aReviewer = () => anAgent(services, { role: 'reviewer' });
const claim = (agent: AgentRow, waitSeconds = 30, viewer = services.admin) =>
  claimNextReview(services, viewer, { agent: { id: agent.id }, waitSeconds }, gone.signal);
const parked = (count: number) =>
  vi.waitFor(() => expect(waits.length).toBeGreaterThanOrEqual(count), { timeout: 20_000, interval: 5 });
const requested = () => services.reviewWaiters.wakeAll();
const NOTHING = { task: null, round: null, runId: null, prompt: null, leaseExpiresAt: null };

describe('a claim of a review that waits', () => {
  it('gets a round as soon as one is requested', async () => {
    const claimed = claim(await aReviewer());
    await parked(1);
    const task = await aTaskIn(services, 'REVIEW', worker);
    requested();
    expect((await claimed).task?.id).toBe(task.id);
  });

  it('stays waiting if the task is the work of its own agent, and another claim is woken', async () => {
    const [own, other] = [await aReviewer(), await aReviewer()];
    const claims = [claim(own), claim(other)];
    await parked(2);
    const task = await aTaskIn(services, 'REVIEW', own);
    requested();
    expect((await claims[1])?.task?.id).toBe(task.id);
    await parked(3);
    gone.abort();
    expect(await claims[0]).toEqual(NOTHING);
  });

  it('polls after ten seconds for a review that was not announced', async () => {
    void claim(await aReviewer(), 60);
    await parked(1);
    expect(waits).toEqual([10_000]);
  });

  it('answers at once without waitSeconds, and with no round when the wait is over', async () => {
    const reviewer = await aReviewer();
    expect(await claim(reviewer, 0)).toEqual(NOTHING);
    expect(waits).toEqual([]);
    expect(await claim(reviewer, 1)).toEqual(NOTHING);
  });

  it('answers with no round when the caller disconnects, the server stops or its key is revoked', async () => {
    const reviewer = await aReviewer();
    const key = await aKeyOf(services, reviewer);
    const byKey = claim(reviewer, 30, key);
    await parked(1);
    await revokeApiKey(services, services.admin, key.keyId);
    await aTaskIn(services, 'REVIEW', worker);
    requested();
    expect(await byKey).toEqual(NOTHING);
    await clearTasks(services);
    const claimed = claim(reviewer);
    await parked(2);
    stopping = true;
    services.reviewWaiters.wakeAll();
    expect(await claimed).toEqual(NOTHING);
  });

  it('refuses a wait of more than a minute', async () => {
    expect(await namedRefusalsOf(claim(await aReviewer(), 61))).toEqual(['INVALID waitSeconds']);
  });
});
