/** `trace` is for metrics and traces only: every request and commit emits it, which is too often for a log. */
export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** One thing that happened in this process. Logs, metrics, traces and tests listen to signals. */
export interface Signal {
  /** A stable dotted name: `http.request`, `job.failed`. */
  readonly name: string;
  readonly level: Level;
  /** One sentence for people. */
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Describes work that takes time, such as a request or a run of a job. A trace shows it as a span. */
export interface Activity {
  readonly name: string;
  readonly facts: Signal['facts'];
  /** Facts that are known only when the work has ended. */
  readonly outcome?: () => Signal['facts'];
}

/** Does the work and observes its start and its end. Returns the result of the work, or rejects as the work does. */
export type Follower = <Result>(activity: Activity, work: () => Promise<Result>) => Promise<Result>;

/** Where the code of a process reports what it does. */
export interface Instrument {
  emit(level: Level, name: string, message: string, facts?: Readonly<Record<string, unknown>>): void;
  /** Registers a listener and returns the function that removes it. */
  listen(listener: (signal: Signal) => void): () => void;
  /** Does the work as one activity. The follower attributes to it all signals and activities inside the work. */
  within: Follower;
  /**
   * Makes the follower run the work of all activities. Only one is set at a time. Returns the function that removes it.
   */
  follow(follower: Follower): () => void;
}

/** Creates the instrument of a process. A listener must not throw and must not wait. */
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
    within: (activity, work) => (follower === undefined ? work() : follower(activity, work)),
    follow(next) {
      follower = next;
      return () => {
        follower = undefined;
      };
    },
  };
}
