import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Answers a request now or after the earlier requests of its connection. */
export type EnterPipeline = (request: IncomingMessage, response: ServerResponse, answer: () => void) => void;

/**
 * Answers the requests of one connection one after the other. Node would start all pipelined requests at once and keep their
 * answers until the first one is read: a few kilobytes of requests could fill the memory. Clients lose little, because answers
 * are sent in the order of the requests. A connection on which more than `maxWaiting` requests wait is closed.
 */
export function createPipelines(maxWaiting: number): EnterPipeline {
  /** The waiting requests of each connection that answers one. */
  const pipelines = new WeakMap<Socket, (() => void)[]>();

  function begin(socket: Socket, response: ServerResponse, answer: () => void): void {
    response.once('close', () => {
      const next = socket.destroyed ? undefined : pipelines.get(socket)?.shift();
      if (next) next();
      else pipelines.delete(socket);
    });
    answer();
  }

  return ({ socket }, response, answer) => {
    // The parser still delivers the requests that had arrived together with the one that closed the connection.
    if (socket.destroyed) return;
    const waiting = pipelines.get(socket);
    if (waiting === undefined) {
      pipelines.set(socket, []);
      begin(socket, response, answer);
    } else if (waiting.length >= maxWaiting) socket.destroy();
    else waiting.push(() => begin(socket, response, answer));
  };
}
