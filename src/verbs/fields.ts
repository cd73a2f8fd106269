import * as z from 'zod';

/** Values of the API's enums, which the inputs of several verbs take. */
export const PRIORITIES = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'] as const;
export const TASK_STATUSES = [
  'INBOX',
  'ASSIGNED',
  'IN_PROGRESS',
  'INPUT_REQUIRED',
  'REVIEW',
  'DONE',
  'FAILED',
  'CANCELLED',
  'REJECTED',
] as const;

/** A required word or text. */
export const text = (description: string) => z.string().min(1).describe(description);

/** A text that may be left out. */
export const maybeText = (description: string) => z.string().optional().describe(description);

/**
 * Which time a person means by a length or a day: `2h` is two hours ago for `past`; a day without a time is its end for `due`.
 */
export type InstantKind = 'past' | 'start' | 'due';

/** A time that may be left out. The command line takes it as people write it, the API in RFC 3339. */
export const maybeInstant = (kind: InstantKind, description: string) =>
  z.string().optional().meta({ description, instant: kind });

/** A list of words that may be left out. */
export const maybeWords = (description: string) =>
  z.array(z.string().min(1)).optional().describe(description);

/** A switch that is off if left out. */
export const flag = (description: string) => z.boolean().default(false).describe(description);

/** A whole number that may be left out. */
export const maybeCount = (description: string, min: number, max: number) =>
  z.number().int().min(min).max(max).optional().describe(description);

/** One of the API's values, which may be left out. */
export const maybeOneOf = <const Values extends readonly [string, ...string[]]>(
  values: Values,
  description: string,
) => z.enum(values).optional().describe(description);

/** Several of the API's values, which may be left out. */
export const maybeSomeOf = <const Values extends readonly [string, ...string[]]>(
  values: Values,
  description: string,
) => z.array(z.enum(values)).optional().describe(description);

/** A JSON object that may be left out. */
export const maybeObject = (description: string) =>
  z.record(z.string(), z.unknown()).optional().describe(description);

/** A task, by ref or id. */
export const task = text('The task: its ref, such as TASK-42, or its id.');

/** What holds a task. */
export const run = text(
  'The run (run_…) that holds the task. An operator may give the ref of the task instead.',
);

/** An agent, by name or id. */
export const agent = text('The agent: its name or its id.');

/** The acting agent. */
export const actingAgent = maybeText(
  'The acting agent: its name or its id. A key that is bound to an agent needs none.',
);

/** The version that an edit expects. */
export const expectedVersion = maybeCount(
  'Refuse if the stored version differs.',
  0,
  Number.MAX_SAFE_INTEGER,
);

/** An idempotency key. */
export const idempotencyKey = maybeText(
  'A key of your choice for safe retries: a repeat within 24 hours returns the first result.',
);

/** What every list takes. */
export const page = {
  limit: z.number().int().min(1).max(100).default(20).describe('How many entries one page has.'),
  after: maybeText('Only entries after this cursor, which the page before has ended with.'),
  all: flag('Reads all pages.'),
};

/** The ends of a period. */
export const period = {
  since: maybeInstant('past', 'Only from this instant on: 2026-12-01T18:00:00Z, yesterday or 2h.'),
  until: maybeInstant('past', 'Only before this instant.'),
};

/** A period as a range of the API; undefined without an end. */
export function toRange(since: string | undefined, until: string | undefined) {
  return since === undefined && until === undefined ? undefined : { gte: since, lt: until };
}
