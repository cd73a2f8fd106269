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

/** Something that takes time and has a beginning and an end. */
export interface Piece {
  readonly name: string;
  readonly facts: Signal['facts'];
  /** What is known at its end only. */
  readonly outcome?: () => Signal['facts'];
}

/** Does the work and follows it from its beginning to its end. Answers and fails as the work does. */
export type Follower = <Result>(piece: Piece, work: () => Promise<Result>) => Promise<Result>;

export interface Instrument {
  emit(level: Level, name: string, message: string, facts?: Readonly<Record<string, unknown>>): void;
  /** Registers a listener and returns the function that removes it. */
  listen(listener: (signal: Signal) => void): () => void;
  /** Does the work as one piece: what is emitted and done meanwhile belongs to it, for whoever follows. */
  within: Follower;
  /** From now on the follower does the work of all pieces; one at a time. Returns the function that removes it. */
  follow(follower: Follower): () => void;
}

/** The one instrumentation stream of a process. A listener must not throw and must not wait. */
export function createInstrument(): Instrument {
  const listeners = new Set<(signal: Signal) => void>();
  let follower: Follower | undefined;
  return {
    emit(level, name, message, facts = {}) {
      const signal = { name, level, message, facts };
      for (const listener of listeners) listener(signal);
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    within: (piece, work) => (follower === undefined ? work() : follower(piece, work)),
    follow(next) {
      follower = next;
      return () => {
        follower = undefined;
      };
    },
  };
}
