/** The media types of GraphQL over HTTP. */
export const jsonTypes = ['application/graphql-response+json', 'application/json'] as const;

/** The media type of a single result. */
export type JsonType = (typeof jsonTypes)[number];

/**
 * Which of the two JSON types an Accept header asks for; undefined if neither. The first listed type counts. A wildcard means
 * application/json, which every client can read. Weights are ignored, as in yoga: both have to answer in the same way.
 */
export function chooseJsonType(accept: string | undefined): JsonType | undefined {
  if (accept === undefined || accept === '' || accept === '*/*') return 'application/json';
  for (const part of accept.toLowerCase().replace(/\s/g, '').split(',')) {
    const [type, ...parameters] = part.split(';');
    if (!isUtf8(parameters)) continue;
    if (type === 'application/graphql-response+json') return type;
    if (type === 'application/json' || type === 'application/*' || type === '*/*') return 'application/json';
  }
  return undefined;
}

/** Whether an Accept header allows an event stream. */
export function acceptsEventStream(accept: string | undefined): boolean {
  return accept === undefined || accept === '' || /text\/(event-stream|\*)|\*\/\*/i.test(accept);
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
