import type { ClaimWaiters } from '../service-context.js';

interface Watcher {
  readonly agentId: string;
  announced: boolean;
  wake: (() => void) | null;
}

/**
 * One task wakes one waiting claim, the one that has waited longest: 1,000 idle agents cost one claim for a new task, not
 * 1,000. Claims that are asking the database already come last, for what they get may be another task. No announcement is
 * lost with its watcher: what was not made use of goes to the next.
 */
export function createClaimWaiters(): ClaimWaiters {
  const watchers = new Set<Watcher>();

  function notify(watcher: Watcher): void {
    watcher.announced = true;
    watcher.wake?.();
  }

  function notifyOne(): void {
    let next: Watcher | undefined;
    for (const watcher of watchers) {
      if (watcher.announced) continue;
      next ??= watcher;
      if (watcher.wake === null) continue;
      next = watcher;
      break;
    }
    if (next !== undefined) notify(next);
  }

  return {
    watch(agentId) {
      const watcher: Watcher = { agentId, announced: false, wake: null };
      watchers.add(watcher);
      return {
        wait: (ms, signal) => waitFor(watcher, ms, signal),
        end: (unused) => {
          watchers.delete(watcher);
          if (unused) notifyOne();
          // Told of work while its claim found other work: somebody else can use the news.
          if (watcher.announced) notifyOne();
        },
      };
    },
    announce(agentId) {
      if (agentId === null) {
        notifyOne();
      } else {
        for (const watcher of watchers) if (watcher.agentId === agentId) notify(watcher);
      }
    },
    wakeAll() {
      for (const watcher of watchers) notify(watcher);
    },
  };
}

function waitFor(watcher: Watcher, ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      watcher.wake = null;
      resolve(watcher.announced);
      watcher.announced = false;
    }
    watcher.wake = done;
    signal.addEventListener('abort', done, { once: true });
    if (watcher.announced || signal.aborted) done();
  });
}
