import { allowedTransitions, type TaskStatus, TRANSITIONS } from './tasks/task-status.js';

/** The codes of refusals, which callers can match on. They are the same as `UserErrorCode` in the API. */
export const REFUSAL_CODES = [
  'INVALID',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'INVALID_TRANSITION',
  'VERSION_CONFLICT',
  'LEASE_LOST',
  'SELF_REVIEW',
  'SUPERSEDED',
  'DEPENDENCY_CYCLE',
  'BAD_SCHEDULE',
  'UNKNOWN_AGENT',
  'UNKNOWN_TEMPLATE',
  'UNKNOWN_GATEWAY',
  'IDEMPOTENCY_KEY_REUSED',
  'FORBIDDEN',
  'QUOTA_EXCEEDED',
  'ALREADY_ANSWERED',
] as const;

/** The code of a refusal. */
export type RefusalCode = (typeof REFUSAL_CODES)[number];

/**
 * The server refuses a request, and the caller can correct it. Nothing has changed. The message says what to do. `path`
 * names the input field that caused the refusal, if there is one. A fault of the server is an ordinary Error instead.
 */
export class Refusal extends Error {
  override readonly name: string = 'Refusal';

  constructor(
    readonly code: RefusalCode,
    message: string,
    readonly path: readonly string[] | null = null,
  ) {
    super(message);
  }
}

/** The transition table does not have this move. The message lists the moves that it has. */
export class InvalidTransition extends Refusal {
  override readonly name = 'InvalidTransition';

  /** The statuses that the task may change to. */
  readonly allowed: readonly TaskStatus[];

  constructor(
    readonly from: TaskStatus,
    readonly to: TaskStatus,
    verb: string,
  ) {
    super('INVALID_TRANSITION', `Cannot ${verb}: the task is ${from}; ${waysFrom(from)}.`);
    this.allowed = allowedTransitions(from);
  }
}

/**
 * The allowed statuses and the verbs that lead to them: a refused verb may have aimed at a status that another reaches.
 */
function waysFrom(from: TaskStatus): string {
  const ways = TRANSITIONS.filter((move) => move.from === from).map(
    ({ to, by }) => `${to} (${by.join(', ')})`,
  );
  return ways.length === 0 ? 'its status can no longer change' : `allowed from here: ${ways.join(', ')}`;
}

/** The caller's `expectedVersion` is not the stored version. */
export class VersionConflict extends Refusal {
  override readonly name = 'VersionConflict';

  constructor(
    readonly expected: number,
    readonly actual: number,
  ) {
    super(
      'VERSION_CONFLICT',
      `Expected version ${expected}, but the current version is ${actual}: read it again and retry.`,
      ['expectedVersion'],
    );
  }
}

/** The run has ended or was replaced. Its holder must stop working on the task. */
export class LeaseLost extends Refusal {
  override readonly name = 'LeaseLost';

  constructor(runId: string) {
    super('LEASE_LOST', `Run ${runId} no longer holds its task: stop working on it and claim the next one.`, [
      'runId',
    ]);
  }
}

/**
 * The dependencies would form a cycle. Each task in `cycle` waits for the next one, and the last is the first again.
 */
export class DependencyCycle extends Refusal {
  override readonly name = 'DependencyCycle';

  constructor(
    readonly cycle: readonly string[],
    path: readonly string[],
  ) {
    super('DEPENDENCY_CYCLE', `These dependencies would form a cycle: ${cycle.join(' → ')}.`, path);
  }
}

/** The key or its agent has used up what it may do or hold at a time. */
export class QuotaExceeded extends Refusal {
  override readonly name = 'QuotaExceeded';

  constructor(
    message: string,
    readonly limit: number,
    /** Milliseconds until a retry can succeed; null if something must end first. */
    readonly retryAfterMs: number | null,
    path: readonly string[] | null = null,
  ) {
    super('QUOTA_EXCEEDED', message, path);
  }
}

/** The question is not open any more: the first answer won, or the question ended without one. */
export class AlreadyAnswered extends Refusal {
  override readonly name = 'AlreadyAnswered';

  constructor(
    readonly questionId: string,
    message: string,
  ) {
    super('ALREADY_ANSWERED', message, ['id']);
  }
}

/** Several refusals of one input, reported at once. */
export class Refusals extends Error {
  override readonly name = 'Refusals';

  constructor(readonly refusals: readonly Refusal[]) {
    super(refusals.map((refusal) => refusal.message).join(' '));
  }
}
