import { LIMITS } from '../limits.js';
import type { TokenUsage } from '../runs/token-usage.js';
import { toStorable } from '../stored-text.js';
import { cutText } from './prompt.js';

/** The most that is repeated of an answer in the comment on it. */
const COMMENT_LENGTH = 2_000;

/** An answer as it can be kept. */
export interface KeptAnswer {
  /** At most as long as a resolution may be; a cut is said at its end. */
  readonly resolution: string;
  readonly comment: string;
}

/** Null for an answer with nothing in it. */
export function keepAnswer(text: string): KeptAnswer | null {
  const whole = toStorable(text);
  if (whole.trim() === '') return null;
  const resolution = cutWithNote(whole, LIMITS.resolutionLength);
  const comment =
    whole.length > COMMENT_LENGTH
      ? `${cutText(whole, COMMENT_LENGTH)}…\n\n(The resolution has more of it: ${resolution.length} characters.)`
      : whole;
  return {
    resolution,
    comment: whole === resolution ? comment : `${comment}\n\n${noteOf(whole.length)}`,
  };
}

/** An error as it can be kept, never empty. */
export function keepError(text: string): string {
  const error = cutText(toStorable(text).trim(), LIMITS.progressLength);
  return error === '' ? 'The gateway gave no reason.' : error;
}

/** Usage as it can be kept: what is no count, or too large for one, is left out. */
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
  return `(Cut: the answer had ${length} characters, of which ${LIMITS.resolutionLength} are kept.)`;
}
