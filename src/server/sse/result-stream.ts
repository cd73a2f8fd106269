import type { ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import { isAsyncIterable } from 'graphql-yoga';
import type { ErrorPresenter } from '../error-presenter.js';
import type { HttpExchange } from '../http/exchange.js';
import { disconnectStuckClient } from '../http/stuck-client.js';
import { toResultResponse, toSentResult } from '../result-response.js';
import type { WrittenResult } from '../streams/shared-operation.js';
import { drained, type EventStreamOptions, eventStreamHeaders } from './event-stream.js';

/** The last item of a stream that the server breaks off because it stops. */
export const brokenOff: ExecutionResult = Object.freeze({});

/**
 * Sends results as the protocol of graphql-sse defines, in its mode of distinct connections. A stream that the server
 * breaks off ends without `complete`, because clients reconnect only then.
 */
export async function sendResultStream(
  exchange: HttpExchange,
  result: ExecutionResult | AsyncIterable<ExecutionResult>,
  options: EventStreamOptions,
): Promise<void> {
  const { response, end } = exchange;
  // A waiting generator can't be told to return, but it can watch the signal.
  response.once('close', () => end.abort());
  response.on('error', () => end.abort());
  begin(exchange, result, options.heartbeatMs);
  for await (const item of itemsOf(result, exchange, options.presenter)) {
    if (item === brokenOff) return breakOff(response);
    response.write('event: next\ndata: ');
    response.write(toBytes(item));
    if (!response.write('\n\n')) await drained(response, end.signal);
  }
  response.end('event: complete\ndata:\n\n');
}

function begin(
  exchange: HttpExchange,
  result: ExecutionResult | AsyncIterable<ExecutionResult>,
  heartbeatMs: number,
): void {
  const { response } = exchange;
  exchange.isStream = true;
  // A single result is nearly always a refusal, whose status clients look at.
  const { status, headers } = isAsyncIterable(result)
    ? { status: 200, headers: {} }
    : toResultResponse(result, 'application/json');
  response.writeHead(status, { ...exchange.headers, ...headers, ...eventStreamHeaders });
  // Some browsers wait for a first byte.
  response.write(':\n\n');
  disconnectStuckClient(response, heartbeatMs, () => response.write(':\n\n'));
}

async function* itemsOf(
  result: ExecutionResult | AsyncIterable<ExecutionResult>,
  { requestId }: HttpExchange,
  presenter: ErrorPresenter,
): AsyncGenerator<ExecutionResult | WrittenResult> {
  try {
    if (isAsyncIterable(result)) yield* result;
    else yield result;
  } catch (error) {
    yield { errors: [presenter.present(error, requestId)] };
  }
}

function toBytes(result: ExecutionResult | WrittenResult): Buffer | string {
  return 'toBytes' in result ? result.toBytes() : JSON.stringify(toSentResult(result));
}

/** What was written before is sent; the missing end of the chunked body tells the client that the stream was cut. */
function breakOff({ socket }: ServerResponse): void {
  socket?.destroySoon();
}
