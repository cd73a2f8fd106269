import { toStorable } from '../../domain/stored-text.js';

/** The beginning and the end of a text that arrives in pieces. */
export interface TextEnds {
  push(piece: string): void;
  /** Both ends, with a mark where the middle was left out. */
  text(): string;
}

/** @param limit - the maximum number of characters that are kept of each end. */
export function createTextEnds(limit: number): TextEnds {
  let head = '';
  let tail = '';
  let isCut = false;
  return {
    push(piece) {
      const room = limit - head.length;
      head += piece.slice(0, room);
      const rest = tail + piece.slice(Math.max(room, 0));
      isCut ||= rest.length > limit;
      tail = rest.slice(-limit);
    },
    text: () => toStorable(isCut ? `${head}\n[…]\n${tail}` : head + tail).trim(),
  };
}
