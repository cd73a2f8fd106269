import { z } from 'zod';
import { LIMITS } from './limits.js';
import { findJsonMistake, findTextMistake } from './stored-text.js';

/** A text that PostgreSQL can store. */
export function text(max: number) {
  return z
    .string()
    .max(max, `may have ${max} characters at most`)
    .superRefine(refuseMistake(findTextMistake));
}

/** A text that is not blank. */
export function filled(max: number) {
  return text(max).refine((value) => value.trim() !== '', 'may not be empty');
}

/** A text that others are compared with. With a space around it that no reader sees, it would equal none of them. */
export function word(max: number) {
  return filled(max).refine((value) => value.trim() === value, 'may not begin or end with a space');
}

/** A list of tags or other short words. */
export function words(max: number) {
  return z.array(word(LIMITS.tagLength)).max(max, `may have ${max} entries at most`);
}

/** An instant from 1970 to 9999. */
export const instant = z
  .date()
  .refine(
    (value) => value.getUTCFullYear() >= 1970 && value.getUTCFullYear() <= 9999,
    'must lie between 1970 and 9999',
  );

/** A JSON object of limited size and depth. It is checked before it is copied, because a copy lacks the key __proto__. */
export const metadata = z
  .custom<Record<string, unknown>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  )
  .superRefine(refuseMistake(findMetadataMistake));

/** The depth is checked before the size, because JSON.stringify of an object that is too deep overflows the stack. */
function findMetadataMistake(value: Record<string, unknown>): string | null {
  const mistake = findJsonMistake(value, LIMITS.metadataDepth);
  if (mistake !== null) return mistake;
  const fits = Buffer.byteLength(JSON.stringify(value)) <= LIMITS.metadataBytes;
  return fits ? null : `may have ${LIMITS.metadataBytes} bytes of JSON at most`;
}

function refuseMistake<Value>(findMistake: (value: Value) => string | null) {
  return (value: Value, issues: z.RefinementCtx) => {
    const message = findMistake(value);
    if (message !== null) issues.addIssue({ code: 'custom', message });
  };
}
