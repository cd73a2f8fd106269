import type { DocumentNode } from 'graphql';
import { measureText } from '../../kernel/text-size.js';
import type { ServerLimits } from '../limits.js';
import { protocolError } from '../protocol-error.js';
import type { RequestScope } from '../request-scope.js';

/** What a subscription keeps in memory while it is open. */
export interface KeptOperation {
  /** The parsed document. Subscriptions that share it keep it once. */
  readonly document: DocumentNode;
  /** The message of the client, which is kept with members that GraphQL ignores. */
  readonly params: object;
}

/**
 * Counts a stream of a key, and what it keeps, until its signal is aborted.
 * @throws GraphQLError with RATE_LIMITED above a limit.
 */
export type TakeStreamPlace = (
  scope: Pick<RequestScope, 'viewer' | 'signal'>,
  operation?: KeptOperation,
) => void;

/** How long a client above the limit should wait, in seconds. */
const RETRY_SECONDS = 10;

/** The open streams of one key. */
interface Taken {
  streams: number;
  textLength: number;
  documentLength: number;
  /** How many of the streams share each document. */
  readonly documents: Map<DocumentNode, number>;
}

/**
 * Limits the open streams of each key in this process, on all transports, and what they keep in memory, against clients that
 * never close theirs.
 */
export function createStreamPlaces(limits: ServerLimits): TakeStreamPlace {
  const takenBy = new Map<string, Taken>();

  return ({ viewer: { keyId }, signal }, operation) => {
    if (signal.aborted) return;
    const taken = takenBy.get(keyId) ?? {
      streams: 0,
      textLength: 0,
      documentLength: 0,
      documents: new Map(),
    };
    const leave = take(taken, operation, limits);
    takenBy.set(keyId, taken);
    const end = () => {
      leave();
      if (taken.streams === 0) takenBy.delete(keyId);
    };
    signal.addEventListener('abort', end, { once: true });
  };
}

/** Counts one stream. Returns the function that no longer counts it. */
function take(taken: Taken, operation: KeptOperation | undefined, limits: ServerLimits): () => void {
  const { maxStreamsPerKey, maxStreamTextLengthPerKey, maxStreamDocumentLengthPerKey } = limits;
  const { streams, textLength, documentLength } = taken;
  if (streams >= maxStreamsPerKey) throw tooMany(`${maxStreamsPerKey} streams`);
  const text = operation ? measureText(operation.params, maxStreamTextLengthPerKey) : 0;
  if (textLength + text > maxStreamTextLengthPerKey)
    throw tooMany(`${maxStreamTextLengthPerKey} characters of subscriptions`);
  const document = operation?.document;
  const added = document && !taken.documents.has(document) ? lengthOf(document) : 0;
  if (documentLength + added > maxStreamDocumentLengthPerKey)
    throw tooMany(`${maxStreamDocumentLengthPerKey} characters of different subscriptions`);
  taken.streams += 1;
  taken.textLength += text;
  taken.documentLength += added;
  if (document) taken.documents.set(document, (taken.documents.get(document) ?? 0) + 1);
  return () => {
    taken.streams -= 1;
    taken.textLength -= text;
    if (document) leaveDocument(taken, document);
  };
}

function leaveDocument(taken: Taken, document: DocumentNode): void {
  const left = (taken.documents.get(document) ?? 1) - 1;
  if (left > 0) {
    taken.documents.set(document, left);
    return;
  }
  taken.documents.delete(document);
  taken.documentLength -= lengthOf(document);
}

function lengthOf({ loc }: DocumentNode): number {
  return loc?.source.body.length ?? 0;
}

function tooMany(limit: string) {
  const message = `At most ${limit} at a time per API key: end some first, or use one document with variables.`;
  return protocolError('RATE_LIMITED', message, {
    status: 429,
    headers: { 'retry-after': String(RETRY_SECONDS) },
  });
}
