import { z } from 'zod';
import { LIMITS } from './limits.js';
import { Refusal, Refusals } from './refusals.js';
import { findJsonMistake, findTextMistake } from './stored-text.js';

/** Text that PostgreSQL can hold. */
function text(max: number) {
  return z
    .string()
    .max(max, `may have ${max} characters at most`)
    .superRefine(refuseMistake(findTextMistake));
}

const filled = (max: number) => text(max).refine((value) => value.trim() !== '', 'may not be empty');
const tags = z.array(filled(LIMITS.tagLength)).max(LIMITS.tags, `may have ${LIMITS.tags} entries at most`);
const metadata = z.record(z.string(), z.unknown()).superRefine(refuseMistake(findMetadataMistake));
const capacity = z
  .number()
  .int()
  .min(LIMITS.capacityMin, 'must be 1 or more')
  .max(LIMITS.capacityMax, `must be ${LIMITS.capacityMax} or less`);
const leaseMs = z
  .number()
  .int('must be a whole number of milliseconds')
  .min(LIMITS.leaseMinMs, 'must be 10 seconds (PT10S) or longer')
  .max(LIMITS.leaseMaxMs, 'must be 24 hours (PT24H) or shorter');
const name = z
  .string()
  .regex(
    /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/,
    'must begin with a letter or digit, then have up to 62 letters, digits, dots, dashes or underscores',
  );
const instant = z
  .date()
  .refine(
    (value) => value.getUTCFullYear() >= 1970 && value.getUTCFullYear() <= 9999,
    'must lie between 1970 and 9999',
  );

/** The form of every input field that has one, by the name it has in the API. */
export const FIELDS = {
  title: filled(LIMITS.titleLength),
  description: text(LIMITS.descriptionLength),
  resolution: filled(LIMITS.resolutionLength),
  body: filled(LIMITS.commentLength),
  feedback: text(LIMITS.feedbackLength),
  error: filled(LIMITS.errorLength),
  reason: text(LIMITS.progressLength),
  message: filled(LIMITS.progressLength),
  percent: z.number().min(0, 'must be 0 or more').max(100, 'must be 100 or less'),
  tags,
  metadata,
  dueAt: instant,
  startsAt: instant,
  expiresAt: instant,
  maxCapacity: capacity,
  lease: leaseMs,
  waitSeconds: z
    .number()
    .int()
    .min(0, 'must be 0 or more')
    .max(LIMITS.waitSecondsMax, `must be ${LIMITS.waitSecondsMax} or less`),
  idempotencyKey: filled(LIMITS.idempotencyKeyLength),
  keyName: filled(LIMITS.keyNameLength),
  agentName: name,
  key: name,
  recurringName: filled(LIMITS.recurringNameLength),
  dueIn: z
    .number()
    .int()
    .min(LIMITS.dueInMinMs, 'must be a second (PT1S) or longer')
    .max(LIMITS.dueInMaxMs, 'must be ten years (P3650D) or shorter'),
  from: instant,
  pipelineName: name,
  role: filled(63),
  capabilities: z
    .array(filled(LIMITS.tagLength))
    .max(LIMITS.capabilities, `may have ${LIMITS.capabilities} entries at most`),
  soul: text(LIMITS.soulLength),
  settingText: filled(500),
  timeoutMs: z
    .number()
    .int()
    .min(1_000, 'must be a second (PT1S) or longer')
    .max(LIMITS.leaseMaxMs, 'must be 24 hours (PT24H) or shorter'),
  tokens: z
    .number()
    .int()
    .min(0, 'must be 0 or more')
    .max(LIMITS.tokensMax, `must be ${LIMITS.tokensMax} or less`),
  costUsd: z.number().min(0, 'must be 0 or more'),
} as const;

export type FieldName = keyof typeof FIELDS;

/** The depth is looked at before the size, for writing JSON that is too deep ends in an overflow of the stack. */
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

/** One value to check: its form, where it stands in the input, and itself. Null and undefined are not looked at. */
export type Check = readonly [form: FieldName, path: string, value: unknown];

/**
 * Refuses the input with all its mistakes named at once.
 * @throws {Refusals} one INVALID refusal for each mistake, with the path of the field.
 */
export function checkFields(checks: readonly Check[], root: readonly string[] = []): void {
  const mistakes = findMistakes(checks, root);
  if (mistakes.length > 0) throw new Refusals(mistakes);
}

/** One INVALID refusal for each mistake, with the path of the field. */
export function findMistakes(checks: readonly Check[], root: readonly string[] = []): Refusal[] {
  return checks.flatMap(([form, path, value]) => {
    if (value === null || value === undefined) return [];
    const result = FIELDS[form].safeParse(value);
    if (result.success) return [];
    return result.error.issues.map((issue) => {
      const where = [...root, ...path.split('.'), ...issue.path.map(String)];
      return new Refusal('INVALID', `${where.join('.')} ${issue.message}.`, where);
    });
  });
}

/** Null clears what may be empty; for these fields it is a mistake and not a wish. @throws {Refusal} INVALID */
export function refuseNulls<Field extends string>(
  input: Readonly<Partial<Record<Field, unknown>>>,
  fields: readonly Field[],
): void {
  for (const field of fields) {
    if (input[field] === null)
      throw new Refusal('INVALID', `${field} can't be null: leave it out to keep it.`, [field]);
  }
}
