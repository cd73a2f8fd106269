import type { GatewayAnswer, GatewayHooks } from './gateway.js';

/** The early end of a call: by timeout, by the caller, or by the gateway's close. */
export interface CallEnd {
  /** Aborted at the first early end, and when the work is done, so that no part of it continues. */
  readonly signal: AbortSignal;
  /** Whether the call ended because its time was over. */
  isTimedOut(): boolean;
  /** Whether the caller or the gateway's close ended the call. */
  isAborted(): boolean;
  /** Restarts the timeout from now. */
  restart(): void;
}

/** The calls of a gateway that are under way. */
export interface OpenCalls {
  /**
   * Does the work of a call until it is done, times out, is aborted by the caller, or all calls are closed. If it was aborted
   * or closed before, the work does not begin.
   */
  run<Answer extends { readonly outcome: string }>(
    timeoutMs: number,
    hooks: Pick<GatewayHooks, 'signal'>,
    work: (end: CallEnd) => Promise<Answer>,
  ): Promise<Answer | Extract<GatewayAnswer, { outcome: 'ABORTED' }>>;
  /** Aborts all calls and waits for them. May be called twice. */
  close(): Promise<void>;
}

/** Creates the calls of one gateway. */
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
        // `refresh` would start a cleared timer again.
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
