import { protocolError } from '../protocol-error.js';

/** The parameters of a request of GraphQL over HTTP. */
export interface GraphqlParams {
  readonly query: string;
  readonly operationName?: string;
  readonly variables?: Record<string, unknown>;
  readonly extensions?: Record<string, unknown>;
}

const badRequest = { status: 400 } as const;

/**
 * Parses the body of a POST.
 *
 * @throws GraphQLError with BAD_USER_INPUT if it is not a JSON object with a `query`, for lists (batching is not supported),
 * and for members that GraphQL over HTTP does not define.
 */
export function parseGraphqlParams(text: string): GraphqlParams {
  if (text === '') throw refusal('The body is empty: send {"query": "…"} as JSON.');
  const body = parseJson(text);
  if (body === undefined) throw refusal('The body is not valid JSON.');
  if (Array.isArray(body)) throw refusal('Batching is not supported: send one operation per request.');
  if (!isObject(body)) throw refusal(`The body must be a JSON object with a "query", not ${describe(body)}.`);
  const { query, operationName, variables, extensions, ...others } = body;
  refuseUnknown(others);
  if (typeof query !== 'string') throw refusal(`"query" must be a GraphQL document, not ${describe(query)}.`);
  return {
    query,
    ...member('operationName', operationName, isText, 'a text'),
    ...member('variables', variables, isObject, 'a JSON object'),
    ...member('extensions', extensions, isObject, 'a JSON object'),
  };
}

/** Undefined for invalid JSON. The parser's own message is not used, because it quotes the body, which may contain secrets. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refuseUnknown(others: object): void {
  for (const [name, value] of Object.entries(others)) {
    if (value !== null) throw refusal(`"${name.slice(0, 40)}" is not a member of a GraphQL request.`);
  }
}

function member<Name extends string, T>(
  name: Name,
  value: unknown,
  is: (value: unknown) => value is T,
  accepts: string,
): { [Key in Name]?: T } {
  if (value === undefined || value === null) return {};
  if (!is(value)) throw refusal(`"${name}" must be ${accepts}, not ${describe(value)}.`);
  return { [name]: value } as { [Key in Name]?: T };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

function refusal(message: string) {
  return protocolError('BAD_USER_INPUT', message, badRequest);
}
