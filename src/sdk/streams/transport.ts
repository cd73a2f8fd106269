import type { OperationRequest } from '../http/execute.js';

/** Who receives a subscription. */
export interface Sink {
  /** One result: the data of one event. */
  readonly next: (data: Readonly<Record<string, unknown>>) => void;
  /** The subscription has ended: by the server without an error (null), or with the error. It is called once, and last. */
  readonly end: (error: unknown) => void;
}

/** Opens one subscription. The returned function ends it; `end` is not called after that. */
export type Subscribe = (operation: OperationRequest, sink: Sink) => () => void;

/** A connection on which the server sends nothing, not even its answer to a ping, is dead after this many milliseconds. */
export const SILENCE_MS = 14_000;
