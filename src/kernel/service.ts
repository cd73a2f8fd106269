/** Something with a lifecycle. Both calls may be made twice; `stop` ends what `start` began and waits for it. */
export interface Service {
  start(): Promise<void>;
  stop(): Promise<void>;
}
