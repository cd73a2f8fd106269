/** The media types of GraphQL over HTTP. */
export const jsonTypes = ['application/graphql-response+json', 'application/json'] as const;

/** The media type of a single result. */
export type JsonType = (typeof jsonTypes)[number];

/** What an Accept header says of one type. */
interface Wish {
  /** 0: not acceptable. */
  readonly weight: number;
  /** The position in the header. */
  readonly index: number;
}

/**
 * Which of the two JSON types an Accept header prefers; undefined if it allows neither. The higher weight counts, and of
 * equal weights the first listed type. A wildcard means application/json, which every client can read.
 */
export function chooseJsonType(accept: string | undefined): JsonType | undefined {
  if (accept === undefined || accept === '' || accept === '*/*' || accept === 'application/json')
    return 'application/json';
  const ranges = parseAccept(accept);
  const json = wishFor('application/json', ranges);
  const response = wishFor('application/graphql-response+json', ranges);
  if (json.weight === 0 && response.weight === 0) return undefined;
  const isJson =
    json.weight === response.weight ? json.index <= response.index : json.weight > response.weight;
  return isJson ? 'application/json' : 'application/graphql-response+json';
}

/** Whether an Accept header allows an event stream. */
export function acceptsEventStream(accept: string | undefined): boolean {
  return (
    accept === undefined || accept === '' || wishFor('text/event-stream', parseAccept(accept)).weight > 0
  );
}

/** Whether the type of a body is JSON in UTF-8. */
export function isJsonContent(contentType: string | undefined): boolean {
  if (contentType === 'application/json') return true;
  const [type, ...parameters] = (contentType ?? '').toLowerCase().replace(/\s/g, '').split(';');
  return type === 'application/json' && isUtf8(parameters);
}

function isUtf8(parameters: readonly string[]): boolean {
  const charset = parameters.find((parameter) => parameter.startsWith('charset='));
  return charset === undefined || /^charset="?utf-?8"?$/.test(charset);
}

/** The weights of the listed types and wildcards, in their order. */
function parseAccept(accept: string): ReadonlyMap<string, Wish> {
  const ranges = new Map<string, Wish>();
  const parts = accept.toLowerCase().replace(/\s/g, '').split(',');
  for (const [index, part] of parts.entries()) {
    const [type = '', ...parameters] = part.split(';');
    if (isUtf8(parameters) && !ranges.has(type)) ranges.set(type, { index, weight: weightIn(parameters) });
  }
  return ranges;
}

/** An unreadable weight counts as the default. */
function weightIn(parameters: readonly string[]): number {
  const given = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  return given !== undefined && /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(given) ? Number(given) : 1;
}

/** The most specific range decides: a type that is named is not matched by a wildcard as well. */
function wishFor(type: string, ranges: ReadonlyMap<string, Wish>): Wish {
  const family = `${type.slice(0, type.indexOf('/'))}/*`;
  return ranges.get(type) ?? ranges.get(family) ?? ranges.get('*/*') ?? { weight: 0, index: Infinity };
}
