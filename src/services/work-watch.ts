/** Lets claims wait for work without asking the database again and again. */
export interface WorkWatch {
  /** Begins to listen for work for this agent. What comes from now on is noticed, also before `wait` is called. */
  watch(agentId: string): Watch;
  /** There is work for this agent, or, with null, for anybody: then one waiting claim is woken for it. */
  announce(agentId: string | null): void;
  /** Wakes everybody: the server stops, or nobody knows what was missed. */
  wakeAll(): void;
}

export interface Watch {
  /** Resolves when work was announced since the last call, `ms` have passed, or the signal is aborted. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** Hands an announcement that this watcher can't use to the next one. */
  passOn(): void;
  end(): void;
}

interface Watcher {
  readonly agentId: string;
  announced: boolean;
  wake: (() => void) | null;
}

/**
 * One task wakes one waiting claim, the one that has waited longest: 1,000 idle agents cost one claim for a new task, not
 * 1,000. A woken claim that can't use it, because its agent is at capacity, passes it on.
 */
export function createWorkWatch(): WorkWatch {
  const watchers = new Set<Watcher>();

  function notify(watcher: Watcher): void {
    watcher.announced = true;
    watcher.wake?.();
  }

  function notifyOne(except?: Watcher): void {
    const next = [...watchers].find((watcher) => watcher !== except && !watcher.announced);
    if (next !== undefined) notify(next);
  }

  return {
    watch(agentId) {
      const watcher: Watcher = { agentId, announced: false, wake: null };
      watchers.add(watcher);
      return {
        wait: (ms, signal) => waitFor(watcher, ms, signal),
        passOn: () => notifyOne(watcher),
        end: () => {
          watchers.delete(watcher);
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

function waitFor(watcher: Watcher, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      watcher.wake = null;
      watcher.announced = false;
      resolve();
    }
    watcher.wake = done;
    signal.addEventListener('abort', done, { once: true });
    if (watcher.announced || signal.aborted) done();
  });
}
