import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Answers a request now or after the earlier requests of its connection. */
export type EnterPipeline = (request: IncomingMessage, response: ServerResponse, answer: () => void) => void;

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

  function begin(socket: Socket, pipeline: Pipeline, response: ServerResponse, answer: () => void): void {
    pipeline.isBusy = true;
    // Emitted once, so `once` would only add a wrapper.
    response.on('close', () => {
      pipeline.isBusy = false;
      if (!socket.destroyed) pipeline.waiting.shift()?.();
    });
    answer();
  }

  return ({ socket }, response, answer) => {
    // The parser still delivers the requests that had arrived together with the one that closed the connection.
    if (socket.destroyed) return;
    let pipeline = pipelines.get(socket);
    if (pipeline === undefined) {
      pipeline = { isBusy: false, waiting: [] };
      pipelines.set(socket, pipeline);
    }
    const own = pipeline;
    if (!own.isBusy) begin(socket, own, response, answer);
    else if (own.waiting.length >= maxWaiting) socket.destroy();
    else own.waiting.push(() => begin(socket, own, response, answer));
  };
}
