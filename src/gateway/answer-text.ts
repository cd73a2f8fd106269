import { LIMITS } from '../domain/limits.js';
import { toStorable } from '../domain/stored-text.js';

/**
 * The maximum number of characters that are kept of an answer; the rest is discarded while it is read. Twice the length
 * of a resolution, so that the code that cuts it to that length sees that there was more.
 */
export const MAX_ANSWER_LENGTH = 2 * LIMITS.resolutionLength;

const MAX_ERROR_LENGTH = 2_000;

/** The beginning of a text that arrives in pieces. */
export interface TextHead {
  /** Adds the next piece. Returns whether there is room for more. */
  push(piece: string): boolean;
  text(): string;
}

/** @param limit - the maximum number of characters that are kept. */
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
 * Makes an error of a gateway safe to show and store: cut to a maximum length, and without this server's credential, which
 * some gateways quote.
 */
export function cutError(text: string, secret?: string): string {
  const safe = secret === undefined ? text : text.replaceAll(secret, '[secret]');
  const trimmed = toStorable(safe).trim();
  return trimmed.length > MAX_ERROR_LENGTH ? `${trimmed.slice(0, MAX_ERROR_LENGTH)}…` : trimmed;
}
