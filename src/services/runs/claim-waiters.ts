import type { ClaimWaiters } from '../service-context.js';

interface Waiter {
  readonly agentId: string;
  announced: boolean;
  /** The last announcement for any agent that woke it. */
  asked: number;
  wake: (() => void) | null;
}

/**
 * A new task wakes only the claim that has waited longest, so with 1,000 idle agents it costs one claim instead of 1,000.
 * Claims that are querying the database already are chosen last, because they may get another task. If a waiter ends
 * without using its announcement, or may not have the task, the announcement passes to the next waiter.
 */
export function createClaimWaiters(): ClaimWaiters {
  const waiters = new Set<Waiter>();

  function notify(waiter: Waiter): void {
    waiter.announced = true;
    waiter.wake?.();
  }

  /** The number of announcements for any agent. One that is passed on reaches each waiter once. */
  let count = 0;

  function notifyOne(number: number): void {
    let next: Waiter | undefined;
    for (const waiter of waiters) {
      if (waiter.announced || waiter.asked >= number) continue;
      next ??= waiter;
      if (waiter.wake === null) continue;
      next = waiter;
      break;
    }
    if (next === undefined) return;
    next.asked = number;
    notify(next);
  }

  return {
    watch(agentId) {
      const waiter: Waiter = { agentId, announced: false, asked: 0, wake: null };
      waiters.add(waiter);
      return {
        wait: (ms, signal) => waitFor(waiter, ms, signal),
        passOn: () => notifyOne(waiter.asked),
        end: (unused) => {
          waiters.delete(waiter);
          if (unused) notifyOne(count);
          // Work was announced while the claim got another task, so the announcement passes on.
          if (waiter.announced) notifyOne(count);
        },
      };
    },
    announce(agentId) {
      if (agentId === null) {
        count += 1;
        notifyOne(count);
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
