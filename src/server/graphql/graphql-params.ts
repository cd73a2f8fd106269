import { protocolError } from '../protocol-error.js';
import { parseExactly } from './exact-variables.js';

/** The parameters of a request of GraphQL over HTTP. */
export interface GraphqlParams {
  readonly query: string;
  readonly operationName?: string;
  readonly variables?: Record<string, unknown>;
  /** The variables as {@link parseExactly} reads them, if one of them holds a number that was rounded. */
  readonly exactVariables?: Record<string, unknown>;
  readonly extensions?: Record<string, unknown>;
}

/** A longer request takes more than a few milliseconds to parse and to check: 60 ms for a list of 90,000 texts. */
export const LARGE_TEXT = 65_536;

const badRequest = { status: 400 } as const;

/**
 * Parses the body of a POST.
 *
 * Members that GraphQL over HTTP does not define are ignored, as it asks: clients add some of their own.
 *
 * @throws GraphQLError with BAD_USER_INPUT if it is not a JSON object with a `query`, and for lists (batching is not
 * supported). With PERSISTED_QUERY_NOT_SUPPORTED for the hash of a document without the document.
 */
export function parseGraphqlParams(text: string): GraphqlParams {
  if (text === '') throw refusal('The body is empty: send {"query": "…"} as JSON.');
  const body = parseJson(text);
  if (body === undefined) throw refusal('The body is not valid JSON.');
  if (Array.isArray(body)) throw refusal('Batching is not supported: send one operation per request.');
  if (!isObject(body)) throw refusal(`The body must be a JSON object with a "query", not ${describe(body)}.`);
  const { query, operationName, variables, extensions } = body;
  return {
    query: documentIn(query, extensions),
    ...member('operationName', operationName, isText, 'a text'),
    ...member('variables', variables, isObject, 'a JSON object'),
    ...member('extensions', extensions, isObject, 'a JSON object'),
    ...exactVariablesIn(parseExactly(text)),
  };
}

/** The exact variables of a body that was parsed exactly. */
export function exactVariablesIn(body: unknown): Pick<GraphqlParams, 'exactVariables'> {
  return isObject(body) && isObject(body.variables) ? { exactVariables: body.variables } : {};
}

/**
 * Reads the address of a GET, where an empty parameter counts as missing.
 *
 * @throws GraphQLError as for a POST.
 */
export function parseGraphqlAddress(url = ''): GraphqlParams {
  const given = new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?') + 1) : '');
  const operationName = given.get('operationName') || undefined;
  const variablesText = given.get('variables');
  const variables = parseParameter('variables', variablesText);
  const extensions = parseParameter('extensions', given.get('extensions'));
  return {
    query: documentIn(given.get('query') ?? undefined, extensions),
    ...(operationName === undefined ? {} : { operationName }),
    ...member('variables', variables, isObject, 'a JSON object'),
    ...member('extensions', extensions, isObject, 'a JSON object'),
    ...exactVariablesIn({ variables: parseExactly(variablesText ?? '') }),
  };
}

function parseParameter(name: string, text: string | null): unknown {
  if (text === null || text === '') return undefined;
  const value = parseJson(text);
  if (value === undefined) throw refusal(`The parameter "${name}" must be a JSON object.`);
  return value;
}

/** Undefined for invalid JSON. The parser's own message is not used, because it quotes the body, which may contain secrets. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function documentIn(query: unknown, extensions: unknown): string {
  if (typeof query === 'string') return query;
  if (query === undefined && isObject(extensions) && isObject(extensions.persistedQuery))
    throw notPersisted();
  throw refusal(`"query" must be a GraphQL document, not ${describe(query)}.`);
}

/** Apollo's links know this message: they send the document instead, and no hashes from then on. */
function notPersisted() {
  return protocolError('PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported', { status: 200 });
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
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function refusal(message: string) {
  return protocolError('BAD_USER_INPUT', message, badRequest);
}
