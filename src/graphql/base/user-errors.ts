import {
  AlreadyAnswered,
  DependencyCycle,
  InvalidTransition,
  QuotaExceeded,
  REFUSAL_CODES,
  type Refusal,
  type RefusalCode,
  VersionConflict,
} from '../../domain/refusals.js';
import { builder } from '../builder.js';
import { TaskStatusEnum } from './enums.js';

const MEANINGS: Record<RefusalCode, string> = {
  INVALID: 'A value is not acceptable; the message states what is.',
  NOT_FOUND: 'The object does not exist, or the key may not see it.',
  ALREADY_EXISTS: 'The name is taken.',
  INVALID_TRANSITION: 'The task cannot change to this status; `allowed` lists the statuses it can change to.',
  VERSION_CONFLICT: 'The object was changed in the meantime: read it again, then repeat.',
  LEASE_LOST: 'The run no longer holds its task: stop working on it.',
  SELF_REVIEW: 'An agent cannot review its own work.',
  SUPERSEDED: 'The review round had already ended: the verdict is recorded but changed nothing.',
  DEPENDENCY_CYCLE: 'The dependency would create a cycle.',
  BAD_SCHEDULE: 'The schedule cannot be understood.',
  UNKNOWN_AGENT: 'No agent of that name is registered.',
  UNKNOWN_TEMPLATE: 'No SOUL template of that name exists.',
  UNKNOWN_GATEWAY: 'The server has no gateway of that name. The message lists those that it has.',
  IDEMPOTENCY_KEY_REUSED: 'The idempotency key was already used with a different input.',
  FORBIDDEN: 'The API key may not do this.',
  QUOTA_EXCEEDED:
    'The key or its agent has used up a quota: try again after `retryAfter`, or when something has ended.',
  ALREADY_ANSWERED:
    'The question is not open any more; `question` has the answer that won, or how the question ended.',
};

const UserErrorCodeEnum = builder.enumType('UserErrorCode', {
  description: 'The kind of refusal. Programs should match on it; the message is for people.',
  values: Object.fromEntries(REFUSAL_CODES.map((code) => [code, { description: MEANINGS[code] }])) as Record<
    RefusalCode,
    { description: string }
  >,
});

/** Wraps a refusal, because a GraphQL executor treats a value that is an Error as a failed field. */
export interface UserError<Kind extends Refusal = Refusal> {
  readonly refusal: Kind;
}

export const UserErrorInterface = builder.interfaceRef<UserError>('UserError').implement({
  description:
    'A refusal that the caller can act on; nothing has changed. Match on `code`; `message` is for people.',
  resolveType: typeNameOf,
  fields: (t) => ({
    code: t.field({
      type: UserErrorCodeEnum,
      description: 'The kind of refusal.',
      resolve: ({ refusal }) => refusal.code,
    }),
    message: t.string({
      description: 'What is wrong and what to do, for people.',
      resolve: ({ refusal }) => refusal.message,
    }),
    path: t.stringList({
      nullable: true,
      description:
        'The path of the invalid input field, outermost first; null if no single field is invalid.',
      resolve: ({ refusal }) => (refusal.path === null ? null : [...refusal.path]),
    }),
  }),
});

builder.objectRef<UserError>('FieldError').implement({
  description: 'A refusal without additional fields.',
  interfaces: [UserErrorInterface],
});

builder.objectRef<UserError<InvalidTransition>>('InvalidTransitionError').implement({
  description: 'The task cannot change to this status.',
  interfaces: [UserErrorInterface],
  fields: (t) => ({
    from: t.field({
      type: TaskStatusEnum,
      description: 'The current status of the task.',
      resolve: ({ refusal }) => refusal.from,
    }),
    to: t.field({
      type: TaskStatusEnum,
      description: 'The requested status.',
      resolve: ({ refusal }) => refusal.to,
    }),
    allowed: t.field({
      type: [TaskStatusEnum],
      description: 'The statuses it can change to.',
      resolve: ({ refusal }) => [...refusal.allowed],
    }),
  }),
});

builder.objectRef<UserError<VersionConflict>>('VersionConflictError').implement({
  description: 'The stored version is not the expected one.',
  interfaces: [UserErrorInterface],
  fields: (t) => ({
    expected: t.int({
      description: 'The version that the caller expected.',
      resolve: ({ refusal }) => refusal.expected,
    }),
    actual: t.int({ description: 'The stored version.', resolve: ({ refusal }) => refusal.actual }),
  }),
});

builder.objectRef<UserError<DependencyCycle>>('DependencyCycleError').implement({
  description: 'The dependencies would form a cycle.',
  interfaces: [UserErrorInterface],
  fields: (t) => ({
    cycle: t.stringList({
      description:
        'The cycle, as task refs, or keys for tasks without a ref. Each waits for the next; the last equals the first.',
      resolve: ({ refusal }) => [...refusal.cycle],
    }),
  }),
});

builder.objectRef<UserError<QuotaExceeded>>('QuotaExceededError').implement({
  description: 'The key or its agent has used up a quota.',
  interfaces: [UserErrorInterface],
  fields: (t) => ({
    limit: t.int({ description: 'The quota.', resolve: ({ refusal }) => refusal.limit }),
    retryAfter: t.field({
      type: 'Duration',
      nullable: true,
      description: 'How long to wait before a retry. Null if something must end first, as the message says.',
      resolve: ({ refusal }) => refusal.retryAfterMs,
    }),
  }),
});

function typeNameOf({ refusal }: UserError): string {
  if (refusal instanceof AlreadyAnswered) return 'AlreadyAnsweredError';
  if (refusal instanceof DependencyCycle) return 'DependencyCycleError';
  if (refusal instanceof InvalidTransition) return 'InvalidTransitionError';
  if (refusal instanceof VersionConflict) return 'VersionConflictError';
  if (refusal instanceof QuotaExceeded) return 'QuotaExceededError';
  return 'FieldError';
}
