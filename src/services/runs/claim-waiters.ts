import type { ClaimWaiters } from '../service-context.js';

interface Waiter {
  readonly agentId: string;
  announced: boolean;
  wake: (() => void) | null;
}

/**
 * A new task wakes only the claim that has waited longest, so with 1,000 idle agents it costs one claim instead of 1,000.
 * Claims that are querying the database already are chosen last, because they may get another task. If a waiter ends
 * without using its announcement, the announcement passes to the next waiter.
 */
export function createClaimWaiters(): ClaimWaiters {
  const waiters = new Set<Waiter>();

  function notify(waiter: Waiter): void {
    waiter.announced = true;
    waiter.wake?.();
  }

  function notifyOne(): void {
    let next: Waiter | undefined;
    for (const waiter of waiters) {
      if (waiter.announced) continue;
      next ??= waiter;
      if (waiter.wake === null) continue;
      next = waiter;
      break;
    }
    if (next !== undefined) notify(next);
  }

  return {
    watch(agentId) {
      const waiter: Waiter = { agentId, announced: false, wake: null };
      waiters.add(waiter);
      return {
        wait: (ms, signal) => waitFor(waiter, ms, signal),
        end: (unused) => {
          waiters.delete(waiter);
          if (unused) notifyOne();
          // Work was announced while the claim got another task, so the announcement passes on.
          if (waiter.announced) notifyOne();
        },
      };
    },
    announce(agentId) {
      if (agentId === null) {
        notifyOne();
      } else {
        for (const waiter of waiters) if (waiter.agentId === agentId) notify(waiter);
      }
    },
    wakeAll() {
      for (const waiter of waiters) notify(waiter);
    },
  };
}

function waitFor(waiter: Waiter, ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      waiter.wake = null;
      resolve(waiter.announced);
      waiter.announced = false;
    }
    waiter.wake = done;
    signal.addEventListener('abort', done, { once: true });
    if (waiter.announced || signal.aborted) done();
  });
}
