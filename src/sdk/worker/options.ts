import type { ClaimedTaskFragment } from '../../generated/operations.js';
import { warn } from '../platform.js';
import type { Run } from './run.js';

/** A task with what an agent needs to work on it: the results of its dependencies, earlier feedback and comments. */
export type ClaimedTask = ClaimedTaskFragment;

/** Works on one task and answers with its result, in Markdown. */
export type Handler = (task: ClaimedTask, run: Run) => Promise<string | undefined> | string | undefined;

/** How a worker works. */
export interface WorkerOptions {
  /** The name of the agent. A key that is bound to an agent needs none. */
  readonly agent?: string;
  /**
   * How many tasks it works on at once, 1 to 100; 1 if left out. All tasks that the agent holds count, also those of other
   * workers under its name, and the capacity that the operator has set applies as well.
   */
  readonly capacity?: number;
  /**
   * The length of a lease in seconds, at least 10; 60 if left out. It is how long a handler may go on without an answer of the
   * server. A worker that dies keeps its tasks longer: until the lease has ended and the server takes the agent for offline.
   */
  readonly leaseSeconds?: number;
  /** Only tasks that have all these tags. */
  readonly tags?: readonly string[];
  /** The capabilities of the agent that this worker has; all of them if left out. */
  readonly capabilities?: readonly string[];
  /** The model with which the handler works, for the record of its attempts. */
  readonly model?: string;
  /**
   * Begins with the tasks that the agent already holds, such as those from before a crash: with the oldest at once, without
   * waiting for the end of its lease, and with each other one when the one before has ended. Only for an agent with a single
   * worker: two of them would work on the same task.
   */
  readonly resume?: boolean;
  readonly handle: Handler;
  /**
   * How long a handler may go on after its signal was aborted, in milliseconds; 10,000 if left out. Then it is reported as
   * HandlerStillRunningError, and a worker that stops does not wait for it any longer. Its result is not handed in.
   */
  readonly graceMs?: number;
  /**
   * Called with everything that went wrong and was survived, also with what a handler has thrown; written to the console if left
   * out. A failure of the connection is reported when it begins, and not again until the server has answered.
   */
  readonly onError?: (error: unknown) => unknown;
}

/** How a worker stops. */
export interface StopOptions {
  /**
   * How long running handlers may go on, in milliseconds; 0 if left out. Then their signals are aborted and their tasks are
   * given back at once.
   */
  readonly finishWithinMs?: number;
}

/** A worker: it runs until it is stopped. */
export interface Worker {
  /** Claims and handles tasks. Resolves when the worker has stopped, and rejects when the server refuses it for good. */
  run(): Promise<void>;
  /**
   * Claims nothing more, and finishes or gives back what it holds. Resolves when nothing is held and the handlers have
   * ended, or have gone on for `graceMs` after their signals were aborted. Without `finishWithinMs` everything is given back at
   * once, whether or not the handlers end soon. A server that does not answer is given ten seconds to take back what is held.
   */
  stop(options?: StopOptions): Promise<void>;
}

/** The options with what applies where something was left out. */
export interface Settings {
  readonly agent: { readonly name: string } | undefined;
  readonly capacity: number;
  readonly leaseMs: number;
  readonly waitSeconds: number;
  /** How long one request may take, in milliseconds, on top of what a claim waits. */
  readonly requestMs: number;
  /** How long a handler may go on after its signal was aborted. */
  readonly graceMs: number;
  readonly onError: (error: unknown) => void;
}

const MIN_LEASE_SECONDS = 10;
const MAX_WAIT_SECONDS = 30;
const MAX_REQUEST_MS = 10_000;

/** @throws TypeError without a function, and RangeError for a capacity or a lease that no server accepts. */
export function toSettings(
  options: Pick<WorkerOptions, 'agent' | 'capacity' | 'leaseSeconds' | 'graceMs' | 'onError'>,
  [name, work]: readonly [name: string, work: unknown],
): Settings {
  if (typeof work !== 'function') throw new TypeError(`${name} is ${typeof work}; it must be a function.`);
  const { agent, capacity = 1, leaseSeconds = 60, graceMs = 10_000, onError = warn } = options;
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > 100)
    throw new RangeError(`capacity is ${capacity}; it must be a whole number from 1 to 100.`);
  if (!(leaseSeconds >= MIN_LEASE_SECONDS && leaseSeconds <= 86_400))
    throw new RangeError(`leaseSeconds is ${leaseSeconds}; it must be from ${MIN_LEASE_SECONDS} to 86400.`);
  return {
    agent: agent === undefined ? undefined : { name: agent },
    capacity,
    graceMs,
    leaseMs: leaseSeconds * 1_000,
    // A lease is counted from the moment at which the claim was sent, so a claim must not wait for most of a lease.
    waitSeconds: Math.min(MAX_WAIT_SECONDS, Math.floor(leaseSeconds / 3)),
    // A third of the lease at most, so that a request on a dead connection can be repeated twice.
    requestMs: Math.min(MAX_REQUEST_MS, Math.floor((leaseSeconds * 1_000) / 3)),
    onError: (error) => void survive(onError, error),
  };
}

/** An error of the handler of errors must end neither the worker nor the process. */
async function survive(onError: (error: unknown) => unknown, error: unknown): Promise<void> {
  try {
    await onError(error);
  } catch (failure) {
    warn(failure);
  }
}
