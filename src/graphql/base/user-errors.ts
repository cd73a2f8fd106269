import {
  DependencyCycle,
  InvalidTransition,
  REFUSAL_CODES,
  type Refusal,
  type RefusalCode,
  VersionConflict,
} from '../../domain/refusals.js';
import { builder } from '../builder.js';
import { TaskStatusEnum } from './enums.js';

const MEANINGS: Record<RefusalCode, string> = {
  INVALID: 'A value is not acceptable; the message says what would be.',
  NOT_FOUND: 'There is nothing of that name, or the key may not know of it.',
  ALREADY_EXISTS: 'The name is taken.',
  INVALID_TRANSITION: 'The task cannot make this move; `allowed` says which ones it can.',
  VERSION_CONFLICT: 'It was changed meanwhile: read it again and repeat.',
  LEASE_LOST: 'The run no longer holds its task: stop working on it.',
  SELF_REVIEW: 'Nobody judges their own work.',
  SUPERSEDED: 'The round was over: the verdict is kept and changed nothing.',
  DEPENDENCY_CYCLE: 'The dependency would close a cycle.',
  BAD_SCHEDULE: 'The schedule cannot be understood.',
  UNKNOWN_AGENT: 'No agent of that name is registered.',
  UNKNOWN_TEMPLATE: 'There is no SOUL template of that name.',
  IDEMPOTENCY_KEY_REUSED: 'The key was sent with another input.',
  FORBIDDEN: 'The key may not do this.',
};

const UserErrorCodeEnum = builder.enumType('UserErrorCode', {
  description: 'What kind of refusal it is. Match on this; the message is for people.',
  values: Object.fromEntries(REFUSAL_CODES.map((code) => [code, { description: MEANINGS[code] }])) as Record<
    RefusalCode,
    { description: string }
  >,
});

/** A refusal on its way out. By itself it can't be a value: an executor takes whatever is an Error for a failed field. */
export interface UserError<Kind extends Refusal = Refusal> {
  readonly refusal: Kind;
}

export const UserErrorInterface = builder.interfaceRef<UserError>('UserError').implement({
  description: 'A refusal the caller can act on; nothing has changed. Match on code; message is for people.',
  resolveType: typeNameOf,
  fields: (t) => ({
    code: t.field({
      type: UserErrorCodeEnum,
      description: 'What kind of refusal it is.',
      resolve: ({ refusal }) => refusal.code,
    }),
    message: t.string({
      description: 'What is wrong and what to do, for people.',
      resolve: ({ refusal }) => refusal.message,
    }),
    path: t.stringList({
      nullable: true,
      description: 'The field of the input that is to blame, from the outside in; null if it is none.',
      resolve: ({ refusal }) => (refusal.path === null ? null : [...refusal.path]),
    }),
  }),
});

builder.objectRef<UserError>('FieldError').implement({
  description: 'A refusal with nothing to add to its code.',
  interfaces: [UserErrorInterface],
});

builder.objectRef<UserError<InvalidTransition>>('InvalidTransitionError').implement({
  description: 'The task cannot make this move.',
  interfaces: [UserErrorInterface],
  fields: (t) => ({
    from: t.field({
      type: TaskStatusEnum,
      description: 'Where the task stands.',
      resolve: ({ refusal }) => refusal.from,
    }),
    to: t.field({
      type: TaskStatusEnum,
      description: 'Where it was to go.',
      resolve: ({ refusal }) => refusal.to,
    }),
    allowed: t.field({
      type: [TaskStatusEnum],
      description: 'Where it may go.',
      resolve: ({ refusal }) => [...refusal.allowed],
    }),
  }),
});

builder.objectRef<UserError<VersionConflict>>('VersionConflictError').implement({
  description: 'The stored version is not the expected one.',
  interfaces: [UserErrorInterface],
  fields: (t) => ({
    expected: t.int({
      description: 'What the caller expected.',
      resolve: ({ refusal }) => refusal.expected,
    }),
    actual: t.int({ description: 'What is stored.', resolve: ({ refusal }) => refusal.actual }),
  }),
});

builder.objectRef<UserError<DependencyCycle>>('DependencyCycleError').implement({
  description: 'The dependencies would wait for each other in a circle.',
  interfaces: [UserErrorInterface],
  fields: (t) => ({
    cycle: t.stringList({
      description:
        'The way round: refs of tasks, or keys where tasks have no refs yet. Each waits for the next, the last is the first.',
      resolve: ({ refusal }) => [...refusal.cycle],
    }),
  }),
});

function typeNameOf({ refusal }: UserError): string {
  if (refusal instanceof DependencyCycle) return 'DependencyCycleError';
  if (refusal instanceof InvalidTransition) return 'InvalidTransitionError';
  if (refusal instanceof VersionConflict) return 'VersionConflictError';
  return 'FieldError';
}
