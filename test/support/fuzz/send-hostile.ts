import type { EventEmitter } from 'node:events';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import type { HostileRequest } from './hostile-requests.js';

/** What came back: the status of an answer or the code of a close, and all text. */
export interface HostileAnswer {
  readonly code: number;
  readonly text: string;
}

/** A server that has not answered after this time does not answer any more. */
const DEADLINE_MS = 60_000;

/** Sends the request and waits for the whole answer; of a stream, for its beginning. */
export function sendHostile(url: string, request: HostileRequest): Promise<HostileAnswer> {
  return request.kind === 'http' ? sendBytes(url, request.bytes) : sendMessages(url, request.messages);
}

async function sendBytes(url: string, bytes: string): Promise<HostileAnswer> {
  const { hostname, port } = new URL(url);
  const client = connect(Number(port), hostname);
  let text = '';
  client.setEncoding('utf8');
  client.on('data', (piece) => {
    text += piece;
    if (/content-type: text\/event-stream/i.test(text)) client.destroy();
  });
  // The server may reset the connection.
  client.on('error', () => undefined);
  client.end(bytes);
  await inTime('close', client);
  return { code: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text };
}

/** The last message is a ping, so its answer shows that the server has read all messages before it. */
async function sendMessages(url: string, messages: readonly (string | Uint8Array)[]): Promise<HostileAnswer> {
  const client = new WebSocket(`${url.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws');
  client.on('error', () => undefined);
  await inTime('open', client);
  let text = '';
  const ended = inTime('close', client);
  const answered = new Promise<number>((resolve) => {
    client.on('message', (message) => {
      text += `${message}\n`;
      if (String(message).includes('"the-last-ping"')) resolve(1000);
    });
  });
  for (const message of messages) client.send(message);
  client.send(JSON.stringify({ type: 'ping', payload: { is: 'the-last-ping' } }));
  const code = await Promise.race([ended, answered]);
  client.terminate();
  await ended;
  return { code: Number(code), text };
}

/** The first argument of the event. Errors are expected: they come before the end of a connection. */
function inTime(event: 'open' | 'close', source: EventEmitter): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${event} within ${DEADLINE_MS} ms`)), DEADLINE_MS);
    source.once(event, (first: unknown) => {
      clearTimeout(timer);
      resolve(first);
    });
  });
}
