import type {
  QuestionFieldsFragment,
  RefusalFragment,
  TaskStatus,
  UserErrorCode,
} from '../../generated/operations.js';
import { MissionControlError } from './base.js';
import { readDuration } from './durations.js';

/** What a refusal is made from: the error of the payload, and the input that was refused. */
export interface RefusalFacts {
  readonly refusal: RefusalFragment;
  /** The run that the refused input names, if it names one. */
  readonly runId: string | undefined;
}

/** The server refused a mutation, and nothing has changed. Its subclasses carry the facts of their kind. */
export class RefusedError extends MissionControlError {
  declare readonly code: UserErrorCode;
  /** The path of the input field that is not acceptable, outermost first; empty if no single field is. */
  readonly path: readonly string[];

  constructor({ refusal }: RefusalFacts) {
    super(refusal.code, refusal.message);
    this.path = refusal.path ?? [];
  }
}

/** The question is not open any more: the first answer won, or it ended without one. */
export class AlreadyAnsweredError extends RefusedError {
  /** The question with the answer that won, if the server has sent it. */
  readonly question: QuestionFieldsFragment | null;

  constructor(facts: RefusalFacts) {
    super(facts);
    this.question = 'question' in facts.refusal ? facts.refusal.question : null;
  }
}

/** The name is taken. */
export class AlreadyExistsError extends RefusedError {}

/** The schedule cannot be understood. */
export class BadScheduleError extends RefusedError {}

/** The dependency would create a cycle. */
export class DependencyCycleError extends RefusedError {
  /** The cycle, as task refs, or keys for tasks without a ref; the last equals the first. */
  readonly cycle: readonly string[];

  constructor(facts: RefusalFacts) {
    super(facts);
    this.cycle = 'cycle' in facts.refusal ? facts.refusal.cycle : [];
  }
}

/** The API key may not do this. */
export class NotPermittedError extends RefusedError {}

/** The idempotency key was already used with a different input. */
export class IdempotencyKeyReusedError extends RefusedError {}

/** A value is not acceptable: `path` names the field, `message` says what is acceptable. */
export class InvalidInputError extends RefusedError {}

/** The task cannot change to this status. */
export class InvalidTransitionError extends RefusedError {
  /** The current status of the task, if the server has sent it. */
  readonly from: TaskStatus | null;
  /** The status that was asked for, if the server has sent it. */
  readonly to: TaskStatus | null;
  /** The statuses that the task can change to. */
  readonly allowed: readonly TaskStatus[];

  constructor(facts: RefusalFacts) {
    super(facts);
    const { refusal } = facts;
    this.from = 'from' in refusal ? refusal.from : null;
    this.to = 'to' in refusal ? refusal.to : null;
    this.allowed = 'allowed' in refusal ? refusal.allowed : [];
  }
}

/** The run no longer holds its task: stop working on it. */
export class LeaseLostError extends RefusedError {
  /** The run that lost its task, if the input named one. */
  readonly runId: string | null;

  constructor(facts: RefusalFacts) {
    super(facts);
    this.runId = facts.runId ?? null;
  }
}

/** The object does not exist, or the key may not see it. */
export class NotFoundError extends RefusedError {}

/** The key or its agent has used up a quota. */
export class QuotaExceededError extends RefusedError {
  /** The quota, if the server has sent it. */
  readonly limit: number | null;
  /** How long to wait before a retry, in milliseconds; null if something must end first, as the message says. */
  readonly retryAfterMs: number | null;

  constructor(facts: RefusalFacts) {
    super(facts);
    this.limit = 'limit' in facts.refusal ? facts.refusal.limit : null;
    this.retryAfterMs = 'retryAfter' in facts.refusal ? readDuration(facts.refusal.retryAfter) : null;
  }
}

/** An agent cannot review its own work. */
export class SelfReviewError extends RefusedError {}

/** The review round had already ended: the verdict is recorded but changed nothing. */
export class SupersededError extends RefusedError {}

/** No agent of that name is registered. */
export class UnknownAgentError extends RefusedError {}

/** The server has no gateway of that name. */
export class UnknownGatewayError extends RefusedError {}

/** No SOUL template of that name exists. */
export class UnknownTemplateError extends RefusedError {}

/** The object was changed in the meantime: read it again, then repeat. */
export class VersionConflictError extends RefusedError {
  /** The version that the caller expected, if the server has sent it. */
  readonly expected: number | null;
  /** The stored version, if the server has sent it. */
  readonly actual: number | null;

  constructor(facts: RefusalFacts) {
    super(facts);
    this.expected = 'expected' in facts.refusal ? facts.refusal.expected : null;
    this.actual = 'actual' in facts.refusal ? facts.refusal.actual : null;
  }
}
