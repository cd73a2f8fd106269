import { LIMITS } from '../limits.js';
import type { TokenUsage } from '../runs/token-usage.js';
import { toStorable } from '../stored-text.js';
import { cutText } from '../text-room.js';

/** The maximum number of characters of an answer that the comment about it repeats. */
const COMMENT_LENGTH = 2_000;

/** A gateway's answer in a form that can be stored. */
export interface KeptAnswer {
  /** At most as long as a resolution may be. A truncated answer ends with a note. */
  readonly resolution: string;
  readonly comment: string;
}

/** Converts a gateway's answer into a form that can be stored. Null for a blank answer. */
export function keepAnswer(text: string): KeptAnswer | null {
  const whole = toStorable(text);
  if (whole.trim() === '') return null;
  const resolution = cutWithNote(whole, LIMITS.resolutionLength);
  const comment =
    whole.length > COMMENT_LENGTH
      ? `${cutText(whole, COMMENT_LENGTH)}…\n\n(Truncated: the resolution has ${resolution.length} characters.)`
      : whole;
  return {
    resolution,
    comment: whole === resolution ? comment : `${comment}\n\n${noteOf(whole.length)}`,
  };
}

/** Converts a gateway's error text into a form that can be stored. It is never blank. */
export function keepError(text: string): string {
  const error = cutText(toStorable(text).trim(), LIMITS.progressLength);
  return error === '' ? 'The gateway gave no reason.' : error;
}

/** Converts reported usage into a form that can be stored. Null if a count is not valid or too large. */
export function keepUsage(usage: TokenUsage | null): TokenUsage | null {
  if (usage === null) return null;
  const { inputTokens, outputTokens, costUsd } = usage;
  const isCount = (value: number) => Number.isInteger(value) && value >= 0 && value <= LIMITS.tokensMax;
  if (!isCount(inputTokens) || !isCount(outputTokens)) return null;
  const hasCost = typeof costUsd === 'number' && Number.isFinite(costUsd) && costUsd >= 0;
  return { inputTokens, outputTokens, costUsd: hasCost ? costUsd : null };
}

function cutWithNote(text: string, length: number): string {
  if (text.length <= length) return text;
  const note = `\n\n${noteOf(text.length)}`;
  return cutText(text, length - note.length) + note;
}

function noteOf(length: number): string {
  return `(Truncated: the answer had ${length} characters, of which ${LIMITS.resolutionLength} are kept.)`;
}
