import type { GatewayAnswer, GatewayHooks } from './gateway.js';

/** How a call may be ended before it has its answer. */
export interface CallEnd {
  /** Aborted at whichever end comes first; and when the work is over, so that nothing of it goes on unheeded. */
  readonly signal: AbortSignal;
  /** Whether it was the time that has ended it. */
  isTimedOut(): boolean;
  /** Whether the caller has ended it, or the gateway's close. */
  isAborted(): boolean;
  /** Counts the time anew from now. */
  restart(): void;
}

/** The calls that a gateway is at. */
export interface OpenCalls {
  /**
   * Does the work of a call, which ends when its time does, when the caller aborts it, and when all are closed. It is
   * not begun if one of the last two has happened before.
   */
  run<Answer extends { readonly outcome: string }>(
    timeoutMs: number,
    hooks: Pick<GatewayHooks, 'signal'>,
    work: (end: CallEnd) => Promise<Answer>,
  ): Promise<Answer | Extract<GatewayAnswer, { outcome: 'ABORTED' }>>;
  /** Aborts all and waits for them. May be called twice. */
  close(): Promise<void>;
}

export function createOpenCalls(): OpenCalls {
  const open = new Map<Promise<unknown>, () => void>();
  let isClosed = false;
  return {
    async run(timeoutMs, { signal }, work) {
      if (isClosed || signal.aborted) return { outcome: 'ABORTED' };
      const { end, abort, dispose } = createCallEnd(timeoutMs, signal);
      const answer = work(end);
      open.set(answer, abort);
      try {
        return await answer;
      } finally {
        open.delete(answer);
        dispose();
      }
    },
    async close() {
      isClosed = true;
      for (const abort of open.values()) abort();
      await Promise.allSettled(open.keys());
    },
  };
}

interface OwnedCallEnd {
  readonly end: CallEnd;
  abort(): void;
  dispose(): void;
}

function createCallEnd(timeoutMs: number, caller: AbortSignal): OwnedCallEnd {
  const controller = new AbortController();
  let reason: 'time' | 'abort' | null = null;
  const endBecauseOf = (what: 'time' | 'abort') => () => {
    reason ??= what;
    controller.abort();
  };
  const abort = endBecauseOf('abort');
  const timer = setTimeout(endBecauseOf('time'), timeoutMs);
  caller.addEventListener('abort', abort, { once: true });
  return {
    end: {
      signal: controller.signal,
      isTimedOut: () => reason === 'time',
      isAborted: () => reason === 'abort',
      restart() {
        // A timer that has been cleared would come back to life.
        if (!controller.signal.aborted) timer.refresh();
      },
    },
    abort,
    dispose() {
      clearTimeout(timer);
      controller.abort();
      caller.removeEventListener('abort', abort);
    },
  };
}
