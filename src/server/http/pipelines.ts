import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Answers a request now or after the earlier requests of its connection. `answer` begins the answer, and calls `leave` when the
 * response is closed.
 */
export type EnterPipeline = (request: IncomingMessage, answer: (leave: () => void) => void) => void;

/** The requests of one connection. */
interface Pipeline {
  /** Whether one of them is being answered. */
  isBusy: boolean;
  /** Begin those that wait for it. */
  readonly waiting: (() => void)[];
}

/**
 * Answers the requests of one connection one after the other. Node would start all pipelined requests at once and keep their
 * answers until the first one is read: a few kilobytes of requests could fill the memory. Clients lose little, because answers
 * are sent in the order of the requests. A connection on which more than `maxWaiting` requests wait is closed.
 */
export function createPipelines(maxWaiting: number): EnterPipeline {
  const pipelines = new WeakMap<Socket, Pipeline>();

  function begin(socket: Socket, pipeline: Pipeline, answer: (leave: () => void) => void): void {
    pipeline.isBusy = true;
    answer(() => {
      pipeline.isBusy = false;
      if (!socket.destroyed) pipeline.waiting.shift()?.();
    });
  }

  return ({ socket }, answer) => {
    // The parser still delivers the requests that had arrived together with the one that closed the connection.
    if (socket.destroyed) return;
    let pipeline = pipelines.get(socket);
    if (pipeline === undefined) {
      pipeline = { isBusy: false, waiting: [] };
      pipelines.set(socket, pipeline);
    }
    const own = pipeline;
    if (!own.isBusy) begin(socket, own, answer);
    else if (own.waiting.length >= maxWaiting) socket.destroy();
    else own.waiting.push(() => begin(socket, own, answer));
  };
}
