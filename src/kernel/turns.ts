/**
 * Creates a function whose promises resolve in different turns of the event loop, in the order of the calls. Between two pieces of
 * long work that wait for it, all other work gets its turn.
 */
export function createTurns(): () => Promise<void> {
  let last = Promise.resolve();
  return () => {
    last = last.then(() => new Promise<void>((resolve) => setImmediate(resolve)));
    return last;
  };
}
