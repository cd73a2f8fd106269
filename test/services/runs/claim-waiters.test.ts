import { describe, expect, it } from 'vitest';
import { createClaimWaiters } from '../../../src/services/runs/claim-waiters.js';
import type { ClaimWaiter } from '../../../src/services/service-context.js';
import { neverAborted } from '../../support/factories/claims.js';

const AN_HOUR = 3_600_000;

/** Names in the order in which the watchers woke up. */
function sleepers(watches: Record<string, ClaimWaiter>): string[] {
  const woken: string[] = [];
  for (const [name, watch] of Object.entries(watches)) {
    void watch.wait(AN_HOUR, neverAborted).then(() => woken.push(name));
  }
  return woken;
}

/** Everything that a call sets off within this process has happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('watching for work', () => {
  it('wakes the watcher that has waited longest, one for each call', async () => {
    const work = createClaimWaiters();
    const woken = sleepers({ first: work.watch('a'), second: work.watch('b'), third: work.watch('c') });
    work.announce(null);
    await settled();
    expect(woken).toEqual(['first']);
    work.announce(null);
    work.announce(null);
    work.announce(null);
    await settled();
    expect(woken).toEqual(['first', 'second', 'third']);
  });

  it('wakes all watchers of the agent that a call names, and nobody else', async () => {
    const work = createClaimWaiters();
    const woken = sleepers({ a: work.watch('a'), b: work.watch('b'), again: work.watch('a') });
    work.announce('a');
    work.announce('nobody');
    await settled();
    expect(woken).toEqual(['a', 'again']);
  });

  it('wakes everybody', async () => {
    const work = createClaimWaiters();
    const woken = sleepers({ a: work.watch('a'), b: work.watch('b') });
    work.wakeAll();
    await settled();
    expect(woken).toEqual(['a', 'b']);
  });

  it('remembers a call that comes before the wait, once', async () => {
    const work = createClaimWaiters();
    const watch = work.watch('a');
    work.announce(null);
    expect(await watch.wait(AN_HOUR, neverAborted)).toBe(true);
    const woken = sleepers({ watch });
    await settled();
    expect(woken).toEqual([]);
    work.announce(null);
    await settled();
    expect(woken).toEqual(['watch']);
  });

  it('says whether work was announced or only the time is over or the caller gone', async () => {
    const work = createClaimWaiters();
    const watch = work.watch('a');
    expect(await watch.wait(1, neverAborted)).toBe(false);
    const gone = new AbortController();
    const wait = watch.wait(AN_HOUR, gone.signal);
    gone.abort();
    expect(await wait).toBe(false);
    expect(await watch.wait(AN_HOUR, gone.signal)).toBe(false);
  });

  it('hands on a call that a watcher leaves unused, also one that came after its last wait', async () => {
    const work = createClaimWaiters();
    const [first, second, third] = [work.watch('a'), work.watch('b'), work.watch('c')];
    const woken = sleepers({ third });
    work.announce(null);
    work.announce(null);
    first.end(false);
    await settled();
    expect(woken).toEqual(['third']);
    void third.wait(AN_HOUR, neverAborted).then(() => woken.push('third'));
    expect(await second.wait(AN_HOUR, neverAborted)).toBe(true);
    second.end(true);
    await settled();
    expect(woken).toEqual(['third', 'third']);
  });

  it('hands on nothing where nothing is left unused', async () => {
    const work = createClaimWaiters();
    const [first, second] = [work.watch('a'), work.watch('b')];
    const woken = sleepers({ second });
    first.end(false);
    await settled();
    expect(woken).toEqual([]);
  });
});
