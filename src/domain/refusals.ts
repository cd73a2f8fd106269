import { allowedTransitions, type TaskStatus, TRANSITIONS } from './task-status.js';

/** Codes a caller can match on; the same as `UserErrorCode` in the API. */
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
  'IDEMPOTENCY_KEY_REUSED',
  'FORBIDDEN',
] as const;

export type RefusalCode = (typeof REFUSAL_CODES)[number];

/**
 * The caller asked for something that can't be done, and can act on it. Nothing has changed. The message says what to
 * do; `path` names the input field, if one is to blame. A fault of ours is an ordinary Error instead.
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

/** A move that the transition table does not have; says which ones it has. */
export class InvalidTransition extends Refusal {
  override readonly name = 'InvalidTransition';

  /** Where the task may go instead. */
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

/** With what leads there: a refused verb may lead to a status that another verb would have reached. */
function waysFrom(from: TaskStatus): string {
  const ways = TRANSITIONS.filter((move) => move.from === from).map(
    ({ to, by }) => `${to} (${by.join(', ')})`,
  );
  return ways.length === 0 ? 'it allows no further move' : `allowed from here: ${ways.join(', ')}`;
}

/** The caller's `expectedVersion` is not the version that is stored. */
export class VersionConflict extends Refusal {
  override readonly name = 'VersionConflict';

  constructor(
    readonly expected: number,
    readonly actual: number,
  ) {
    super(
      'VERSION_CONFLICT',
      `Expected version ${expected}, but it is ${actual}: read it again and repeat.`,
      ['expectedVersion'],
    );
  }
}

/** The run has ended or was replaced; its holder must stop working on the task. */
export class LeaseLost extends Refusal {
  override readonly name = 'LeaseLost';

  constructor(runId: string) {
    super('LEASE_LOST', `Run ${runId} no longer holds its task: stop working on it and claim the next one.`, [
      'runId',
    ]);
  }
}

/** The dependencies would wait for each other in a circle. `cycle` is the way round: each waits for the next, the last is the first. */
export class DependencyCycle extends Refusal {
  override readonly name = 'DependencyCycle';

  constructor(
    readonly cycle: readonly string[],
    path: readonly string[],
  ) {
    super('DEPENDENCY_CYCLE', `These would wait for each other: ${cycle.join(' → ')}.`, path);
  }
}

/** Several refusals of one input, all named at once. */
export class Refusals extends Error {
  override readonly name = 'Refusals';

  constructor(readonly refusals: readonly Refusal[]) {
    super(refusals.map((refusal) => refusal.message).join(' '));
  }
}
