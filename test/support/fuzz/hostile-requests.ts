import fc from 'fast-check';
import type { GraphQLSchema } from 'graphql';
import { hostileOperation } from './hostile-operations.js';
import { type Known, type Making, makingFrom } from './hostile-values.js';

/** The bytes of one HTTP request, or the messages of one WebSocket. */
export type HostileRequest =
  | { readonly kind: 'http'; readonly bytes: string }
  | { readonly kind: 'socket'; readonly messages: readonly (string | Uint8Array)[] };

/** What the requests are made from. */
export interface Material {
  readonly schema: GraphQLSchema;
  /** Keys of all roles. */
  readonly secrets: readonly string[];
  readonly known: Known;
}

/** Requests that are valid but for hostile values, requests with changed bytes or headers, and WebSocket messages. */
export function hostileRequest(material: Material): fc.Arbitrary<HostileRequest> {
  return fc.gen().map((generate) => {
    const making = makingFrom(generate, material.known);
    const { pick } = making;
    return pick([operation, operation, operation, changedBytes, changedHeaders, otherPath, socket])(
      making,
      material,
    );
  });
}

const bodyOf = (making: Making, { schema }: Material) => JSON.stringify(hostileOperation(making, schema));
const authorize = (secret: string) => `authorization: Bearer ${secret}`;
const lengthOf = (body: string) => `content-length: ${Buffer.byteLength(body)}`;
const json = 'content-type: application/json';

function operation(making: Making, material: Material): HostileRequest {
  const body = bodyOf(making, material);
  const accept = `accept: ${making.pick(['application/json', 'application/graphql-response+json'])}`;
  const headers = [json, accept, authorize(making.pick(material.secrets)), lengthOf(body)];
  return http('POST /graphql HTTP/1.1', headers, body);
}

function changedBytes(making: Making, material: Material): HostileRequest {
  const body = change(making, bodyOf(making, material));
  const headers = [json, authorize(making.pick(material.secrets)), lengthOf(body)];
  return http('POST /graphql HTTP/1.1', headers, body);
}

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'TRACE', 'PATCH', 'get', 'X'];
const TYPES = [
  'application/json',
  'application/json; charset=utf-16',
  'text/plain',
  'multipart/form-data; boundary=b',
  '',
];
const ACCEPTS = [
  '*/*',
  'text/html',
  'text/event-stream',
  'application/json;q=0',
  'a/b, ,;;q=x',
  '',
  '*'.repeat(2_000),
];
const ODD_HEADERS = [
  ...[
    'content-encoding: gzip',
    'transfer-encoding: chunked',
    'transfer-encoding: gzip, chunked',
    'content-length: 5',
  ],
  ...[
    'content-length: -1',
    'content-length: 99999999',
    'expect: 100-continue',
    'upgrade: websocket',
    'upgrade: h2c',
  ],
  ...[
    'host: evil.example',
    'origin: null',
    'origin: http://[',
    'range: bytes=0-1',
    'last-event-id: x',
    'cookie: a=b',
  ],
  ...[
    'x-forwarded-for: ::1',
    'x-api-key: mc_x',
    'traceparent: 00-0-0-0',
    'x-request-id: \u001b[2J',
    ': empty',
    'no colon',
  ],
  ...[
    'accept-encoding: br;q=9',
    'accept-encoding: identity;q=0',
    'connection: upgrade',
    `x-long: ${'y'.repeat(20_000)}`,
  ],
  ...['authorization: Basic YTpi', 'authorization: Bearer', `authorization: Bearer ${'k'.repeat(600)}`],
];

function changedHeaders(making: Making, material: Material): HostileRequest {
  const { pick } = making;
  const body = pick([bodyOf(making, material), '', change(making, bodyOf(making, material))]);
  const headers = [
    `content-type: ${pick(TYPES)}`,
    `accept: ${pick(ACCEPTS)}`,
    ...(pick([true, true, false]) ? [authorize(pick(material.secrets))] : []),
    ...Array.from({ length: pick([0, 1, 2, 4]) }, () => pick(ODD_HEADERS)),
    ...(pick([true, true, true, false]) ? [lengthOf(body)] : []),
  ];
  return http(`${pick(METHODS)} /graphql HTTP/${pick(['1.1', '1.1', '1.0', '2.0', '9'])}`, headers, body);
}

const PATHS = [
  '/graphql',
  '/api/events',
  '/healthz',
  '/readyz',
  '/metrics',
  '/schema.graphql',
  '/',
  '/../x',
  '*',
  '//',
];

function otherPath(making: Making, material: Material): HostileRequest {
  const { pick, text } = making;
  const names = ['query', 'variables', 'types', 'task', 'agent', 'after', 'ticket', 'extensions', text()];
  const query = Array.from(
    { length: pick([0, 1, 2, 3]) },
    () => `${encode(pick(names))}=${encode(pick([text(), '%', '&']))}`,
  );
  const path = `${pick(PATHS)}${query.length > 0 ? `?${query.join('&')}` : ''}`;
  return http(
    `${pick(['GET', 'GET', 'POST', 'HEAD'])} ${path} HTTP/1.1`,
    [authorize(pick(material.secrets))],
    '',
  );
}

function socket(making: Making, material: Material): HostileRequest {
  const { pick, text } = making;
  const init = JSON.stringify({
    type: 'connection_init',
    payload: { authorization: `Bearer ${pick(material.secrets)}` },
  });
  const message = () => {
    const subscribe = {
      id: pick(['1', '2', text()]),
      type: 'subscribe',
      payload: hostileOperation(making, material.schema),
    };
    return pick([
      () => JSON.stringify(subscribe),
      () => JSON.stringify(subscribe),
      () => change(making, JSON.stringify(subscribe)),
      () =>
        JSON.stringify({
          id: pick(['1', '2', 3, null]),
          type: pick(['complete', 'ping', 'pong', 'next', text()]),
        }),
      () => pick(['', 'null', '[]', '{}', '{"type":7}', '"x"', text(), init]),
      () => Uint8Array.from([0, 255, 254, 123, 34]),
    ])();
  };
  const messages = Array.from({ length: pick([1, 2, 4, 8]) }, message);
  return { kind: 'socket', messages: pick([true, true, true, false]) ? [init, ...messages] : messages };
}

/** Changes a text in one to five places. */
function change({ pick, text }: Making, original: string): string {
  let changed = original;
  for (let count = pick([1, 1, 2, 3, 5]); count > 0; count -= 1) {
    const at = Math.floor((pick([...Array(97).keys()]) / 97) * changed.length);
    const to = at + pick([0, 1, 2, 10, 1_000]);
    const piece = pick([
      '',
      '',
      '"',
      '{',
      '}',
      '[',
      '(',
      '\\',
      '\0',
      '#',
      '$',
      '@',
      '...',
      changed.slice(at, to),
      text(),
    ]);
    changed = changed.slice(0, at) + piece + changed.slice(to);
  }
  return changed;
}

function http(startLine: string, headers: readonly string[], body: string): HostileRequest {
  const lines = [startLine, 'host: 127.0.0.1', 'connection: close', ...headers];
  return { kind: 'http', bytes: `${lines.join('\r\n')}\r\n\r\n${body}` };
}

/** As encodeURIComponent, which throws for half a surrogate pair. */
function encode(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\uFFFD')).slice(0, 4_000);
}
