/** `trace` is for metrics and traces alone: it comes with every request and commit, far too often for a log. */
export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** Something that happened in this process, said once; logs, metrics, traces and tests all listen to it. */
export interface Signal {
  /** Dotted and stable: `http.request`, `job.failed`. */
  readonly name: string;
  readonly level: Level;
  /** One sentence for people. */
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface Instrument {
  emit(level: Level, name: string, message: string, facts?: Readonly<Record<string, unknown>>): void;
  /** Registers a listener and returns the function that removes it. */
  listen(listener: (signal: Signal) => void): () => void;
}

/** The one instrumentation stream of a process. A listener must not throw and must not wait. */
export function createInstrument(): Instrument {
  const listeners = new Set<(signal: Signal) => void>();
  return {
    emit(level, name, message, facts = {}) {
      const signal = { name, level, message, facts };
      for (const listener of listeners) listener(signal);
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
