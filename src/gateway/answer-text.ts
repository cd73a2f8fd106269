import { LIMITS } from '../domain/limits.js';
import { toStorable } from '../domain/stored-text.js';

/**
 * What is kept of an answer, in characters; the rest is dropped while it is read. Twice what a resolution holds, so
 * that whoever cuts it to that size sees that there was more.
 */
export const MAX_ANSWER_LENGTH = 2 * LIMITS.resolutionLength;

const MAX_ERROR_LENGTH = 2_000;

/** The beginning of a text that arrives in pieces. */
export interface TextHead {
  /** Takes the next piece and says whether there is room for more. */
  push(piece: string): boolean;
  text(): string;
}

export function createTextHead(limit = MAX_ANSWER_LENGTH): TextHead {
  const pieces: string[] = [];
  let length = 0;
  return {
    push(piece) {
      if (length < limit) pieces.push(piece.slice(0, limit - length));
      length += piece.length;
      return length < limit;
    },
    text: () => toStorable(pieces.join('')),
  };
}

/**
 * An error of the far side in the form in which it may be shown and stored: not endless, and without our credential,
 * which some far sides quote.
 */
export function cutError(text: string, secret?: string): string {
  const safe = secret === undefined ? text : text.replaceAll(secret, '[secret]');
  const trimmed = toStorable(safe).trim();
  return trimmed.length > MAX_ERROR_LENGTH ? `${trimmed.slice(0, MAX_ERROR_LENGTH)}…` : trimmed;
}
