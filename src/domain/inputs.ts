import { z } from 'zod';
import { filled, instant, metadata, text, word, words } from './input-forms.js';
import { LIMITS } from './limits.js';
import { Refusal, Refusals } from './refusals.js';
import { TASK_FIELD_NAMES, TASK_FIELDS, type TaskField } from './tasks/task-fields.js';

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

/** The schemas of input fields, by their names in the API. */
export const FIELDS = {
  ...formsOfTasks(),
  resolution: filled(LIMITS.resolutionLength),
  body: filled(LIMITS.commentLength),
  feedback: text(LIMITS.feedbackLength),
  error: filled(LIMITS.errorLength),
  reason: text(LIMITS.progressLength),
  message: filled(LIMITS.progressLength),
  percent: z.number().min(0, 'must be 0 or more').max(100, 'must be 100 or less'),
  expiresAt: instant,
  maxCapacity: capacity,
  bulkSize: z
    .number()
    .int()
    .min(1, 'must be 1 or more')
    .max(LIMITS.bulkTasks, `must be ${LIMITS.bulkTasks} or less`),
  lease: leaseMs,
  runIds: z.array(z.string()).max(LIMITS.runIds, `must name ${LIMITS.runIds} runs or fewer`),
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
  questionText: filled(LIMITS.questionLength),
  answerText: filled(LIMITS.answerLength),
  choices: words(LIMITS.questionOptions),
  optionKey: word(LIMITS.tagLength),
  optionLabel: filled(LIMITS.optionLabelLength),
  optionDescription: text(LIMITS.optionDescriptionLength),
  deadline: z
    .number()
    .int()
    .min(LIMITS.deadlineMinMs, 'must be a second (PT1S) or longer')
    .max(LIMITS.deadlineMaxMs, 'must be a year (P365D) or shorter'),
  dueIn: z
    .number()
    .int()
    .min(LIMITS.dueInMinMs, 'must be a second (PT1S) or longer')
    .max(LIMITS.dueInMaxMs, 'must be ten years (P3650D) or shorter'),
  from: instant,
  pipelineName: name,
  role: word(63),
  capabilities: words(LIMITS.capabilities),
  soul: text(LIMITS.soulLength),
  settingText: filled(500),
  extra: metadata,
  variables: metadata,
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

/** The name of a schema of {@link FIELDS}. */
export type FieldName = keyof typeof FIELDS;

/**
 * A field to check: its name if the schema has the same name, otherwise its name and the name of the schema. Null and
 * undefined are not checked.
 */
export type FieldCheck<Input> =
  | (keyof Input & FieldName)
  | readonly [field: keyof Input & string, form: FieldName];

/**
 * Checks fields of an input and reports all mistakes at once.
 * @throws {Refusals} one INVALID refusal for each mistake, with the path of the field.
 */
export function checkFields<Input extends object>(input: Input, checks: readonly FieldCheck<Input>[]): void {
  refuse(findMistakes(input, checks));
}

/** Reports mistakes, if there are any. @throws {Refusals} */
export function refuse(mistakes: readonly Refusal[]): void {
  if (mistakes.length > 0) throw new Refusals(mistakes);
}

/**
 * Checks fields of an input and returns one INVALID refusal for each mistake, with the path of the field.
 * @param input - null and undefined have no mistakes.
 * @param root - the path of `input` within the whole input.
 */
export function findMistakes<Input extends object>(
  input: Input | null | undefined,
  checks: readonly FieldCheck<Input>[],
  root: readonly string[] = [],
): Refusal[] {
  if (input === null || input === undefined) return [];
  return checks.flatMap((check) => {
    const [field, form]: readonly [keyof Input & string, FieldName] =
      typeof check === 'object' ? check : [check, check];
    const value = input[field];
    if (value === null || value === undefined) return [];
    return (FIELDS[form].safeParse(value).error?.issues ?? []).map((issue) => {
      const path = [...root, field, ...issue.path.map(String)];
      return new Refusal('INVALID', `${path.join('.')} ${issue.message}.`, path);
    });
  });
}

/** Refuses null for fields that can't be empty. Other fields accept null to clear them. @throws {Refusal} INVALID */
export function refuseNulls<Field extends string>(
  input: Readonly<Partial<Record<Field, unknown>>>,
  fields: readonly Field[],
): void {
  for (const field of fields) {
    if (input[field] === null)
      throw new Refusal('INVALID', `${field} can't be null: leave it out to keep it.`, [field]);
  }
}

function formsOfTasks() {
  return Object.fromEntries(TASK_FIELD_NAMES.map((name) => [name, TASK_FIELDS[name].form])) as {
    readonly [Name in TaskField]: (typeof TASK_FIELDS)[Name]['form'];
  };
}
