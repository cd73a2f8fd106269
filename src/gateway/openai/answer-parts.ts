import { parseJson } from './error-body.js';

/** A piece of an answer. A value that is `undefined` is no JSON. */
export type AnswerPart =
  /** One of many. */
  | { readonly part: 'chunk'; readonly value: unknown }
  /** All of it, from an endpoint that did not stream. */
  | { readonly part: 'whole'; readonly value: unknown }
  /** The mark at the end of a stream. */
  | { readonly part: 'done' };

type Texts = AsyncGenerator<string, void, undefined>;

/** A line of an event stream. llama.cpp used to send errors in a field of their own. */
const FIELD = /^(data|event|id|retry|error|):/;

/**
 * Reads the parts of an answer. Its beginning tells a stream from a whole answer, not the content type: some endpoints send
 * streams as text/plain or application/json, and errors in JSON as text/event-stream.
 *
 * @throws the error that broke the connection.
 */
export async function* readParts(response: Response): AsyncGenerator<AnswerPart> {
  const texts = decode(response.body);
  let head = '';
  for (;;) {
    const { done, value } = await texts.next();
    head = (head + (value ?? '')).trimStart();
    if (done || head !== '') break;
  }
  if (FIELD.test(head)) yield* readEvents(prepend(head, texts));
  else yield { part: 'whole', value: parseJson(await joined(head, texts)) };
}

/** The fetch splits bodies at line ends, so each text consists of whole lines, except perhaps the last one. */
async function* decode(body: Response['body']): Texts {
  const decoder = new TextDecoder();
  for await (const bytes of body ?? []) yield decoder.decode(bytes, { stream: true });
  yield decoder.decode();
}

async function* prepend(head: string, texts: Texts): Texts {
  yield head;
  yield* texts;
}

async function joined(head: string, texts: Texts): Promise<string> {
  const all = [head];
  for await (const text of texts) all.push(text);
  return all.join('');
}

/** Lines of an event that is not complete yet. */
interface PendingEvent {
  name: string;
  data: string[];
}

async function* readEvents(texts: Texts): AsyncGenerator<AnswerPart> {
  const pending: PendingEvent = { name: '', data: [] };
  for await (const text of texts) {
    const lines = text.split(/\r\n|\r|\n/);
    if (lines.at(-1) === '') lines.pop();
    for (const line of lines) yield* takeLine(pending, line);
  }
}

function* takeLine(pending: PendingEvent, line: string): Generator<AnswerPart> {
  const colon = line.indexOf(':');
  const value = line.slice(colon + 1).trim();
  switch (line.slice(0, Math.max(colon, 0))) {
    case 'data':
      yield* takeData(pending, value);
      break;
    case 'event':
      pending.name = value;
      break;
    case 'error':
      yield { part: 'chunk', value: { error: parseJson(value) ?? value } };
      break;
    default:
      if (line === '') yield* endEvent(pending);
  }
}

/** One line is a whole chunk at every endpoint. The standard allows more lines, and some leave out the line between events. */
function* takeData(pending: PendingEvent, value: string): Generator<AnswerPart> {
  if (value.toUpperCase() === '[DONE]') yield { part: 'done' };
  else if (value !== '') {
    const chunk = pending.data.length === 0 ? parseJson(value) : undefined;
    if (chunk === undefined) pending.data.push(value);
    else yield toChunk(pending, chunk);
  }
}

/** An empty line ends an event. Lines at the end of the stream without one are incomplete and are ignored. */
function* endEvent(pending: PendingEvent): Generator<AnswerPart> {
  if (pending.data.length > 0) yield toChunk(pending, parseJson(pending.data.join('\n')));
  pending.name = '';
  pending.data = [];
}

function toChunk({ name }: PendingEvent, value: unknown): AnswerPart {
  const isError = name === 'error' && typeof value === 'object' && value !== null && !('error' in value);
  return { part: 'chunk', value: isError ? { error: value } : value };
}
