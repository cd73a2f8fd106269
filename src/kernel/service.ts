/**
 * A part of the server with a lifecycle. Repeated calls are harmless. `stop` ends the work and waits until it has
 * ended.
 */
export interface Service {
  start(): Promise<void>;
  stop(): Promise<void>;
}
