import type { UserErrorCode } from '../../generated/operations.js';
import {
  AlreadyAnsweredError,
  AlreadyExistsError,
  BadScheduleError,
  DependencyCycleError,
  IdempotencyKeyReusedError,
  InvalidInputError,
  InvalidTransitionError,
  LeaseLostError,
  NotFoundError,
  NotPermittedError,
  QuotaExceededError,
  type RefusalFacts,
  RefusedError,
  SelfReviewError,
  SupersededError,
  UnknownAgentError,
  UnknownGatewayError,
  UnknownTemplateError,
  VersionConflictError,
} from './refusals.js';

const classes: Record<UserErrorCode, new (facts: RefusalFacts) => RefusedError> = {
  ALREADY_ANSWERED: AlreadyAnsweredError,
  ALREADY_EXISTS: AlreadyExistsError,
  BAD_SCHEDULE: BadScheduleError,
  DEPENDENCY_CYCLE: DependencyCycleError,
  FORBIDDEN: NotPermittedError,
  IDEMPOTENCY_KEY_REUSED: IdempotencyKeyReusedError,
  INVALID: InvalidInputError,
  INVALID_TRANSITION: InvalidTransitionError,
  LEASE_LOST: LeaseLostError,
  NOT_FOUND: NotFoundError,
  QUOTA_EXCEEDED: QuotaExceededError,
  SELF_REVIEW: SelfReviewError,
  SUPERSEDED: SupersededError,
  UNKNOWN_AGENT: UnknownAgentError,
  UNKNOWN_GATEWAY: UnknownGatewayError,
  UNKNOWN_TEMPLATE: UnknownTemplateError,
  VERSION_CONFLICT: VersionConflictError,
};

/** The error of a refusal. A code that a newer server knows and this package does not becomes a plain RefusedError. */
export function toRefusal(facts: RefusalFacts): RefusedError {
  const Kind = classes[facts.refusal.code] ?? RefusedError;
  return new Kind(facts);
}
