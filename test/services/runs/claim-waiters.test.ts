import { describe, expect, it } from 'vitest';
import { createClaimWaiters } from '../../../src/services/runs/claim-waiters.js';
import type { ClaimWaiter } from '../../../src/services/service-context.js';
import { neverAborted } from '../../support/factories/claims.js';

const AN_HOUR = 3_600_000;

/** Names in the order in which the watchers woke up. */
function wakeOrder(watches: Record<string, ClaimWaiter>): string[] {
  const woken: string[] = [];
  for (const [name, watch] of Object.entries(watches)) {
    void watch.wait(AN_HOUR, neverAborted).then(() => woken.push(name));
  }
  return woken;
}

/** Waits until all effects of a notification within this process have happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('watching for work', () => {
  it('wakes the watcher that has waited longest, one for each announcement', async () => {
    const work = createClaimWaiters();
    const woken = wakeOrder({ first: work.watch('a'), second: work.watch('b'), third: work.watch('c') });
    work.announce(null);
    await settled();
    expect(woken).toEqual(['first']);
    work.announce(null);
    work.announce(null);
    work.announce(null);
    await settled();
    expect(woken).toEqual(['first', 'second', 'third']);
  });

  it('wakes all watchers of the announced agent, and no others', async () => {
    const work = createClaimWaiters();
    const woken = wakeOrder({ a: work.watch('a'), b: work.watch('b'), again: work.watch('a') });
    work.announce('a');
    work.announce('nobody');
    await settled();
    expect(woken).toEqual(['a', 'again']);
  });

  it('wakes all watchers with wakeAll', async () => {
    const work = createClaimWaiters();
    const woken = wakeOrder({ a: work.watch('a'), b: work.watch('b') });
    work.wakeAll();
    await settled();
    expect(woken).toEqual(['a', 'b']);
  });

  it('passes on what its waiter may not have, to each of the others once', async () => {
    const work = createClaimWaiters();
    const waits = { a: work.watch('a'), b: work.watch('b'), c: work.watch('c') };
    const woken = wakeOrder(waits);
    work.announce(null);
    await settled();
    for (const watch of [waits.a, waits.b, waits.c, waits.a]) {
      watch.passOn();
      await settled();
    }
    expect(woken).toEqual(['a', 'b', 'c']);
  });

  it('remembers an announcement before the wait, once', async () => {
    const work = createClaimWaiters();
    const watch = work.watch('a');
    work.announce(null);
    expect(await watch.wait(AN_HOUR, neverAborted)).toBe(true);
    const woken = wakeOrder({ watch });
    await settled();
    expect(woken).toEqual([]);
    work.announce(null);
    await settled();
    expect(woken).toEqual(['watch']);
  });

  it('returns whether work was announced, rather than a timeout or an abort', async () => {
    const work = createClaimWaiters();
    const watch = work.watch('a');
    expect(await watch.wait(1, neverAborted)).toBe(false);
    const gone = new AbortController();
    const wait = watch.wait(AN_HOUR, gone.signal);
    gone.abort();
    expect(await wait).toBe(false);
    expect(await watch.wait(AN_HOUR, gone.signal)).toBe(false);
  });

  it('passes on an announcement that a watcher did not use, also one after its last wait', async () => {
    const work = createClaimWaiters();
    const [first, second, third] = [work.watch('a'), work.watch('b'), work.watch('c')];
    const woken = wakeOrder({ third });
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

  it('passes on no announcement that was used', async () => {
    const work = createClaimWaiters();
    const [first, second] = [work.watch('a'), work.watch('b')];
    const woken = wakeOrder({ second });
    first.end(false);
    await settled();
    expect(woken).toEqual([]);
  });
});
