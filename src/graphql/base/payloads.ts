import { Refusal, Refusals } from '../../domain/refusals.js';
import { Unavailable } from '../../kernel/unavailable.js';
import { builder } from '../builder.js';
import { badUserInput, unavailable } from './protocol-errors.js';
import { UserErrorInterface } from './user-errors.js';

/** The outcome of a mutation: its result, or the refusals that prevented it. */
export interface Payload<Result> {
  readonly result: Result | null;
  readonly errors: readonly Refusal[];
}

/**
 * Turns the refusals of a service into data. Faults pass through and are masked by the server. `Unavailable` becomes a
 * GraphQL error, because a client should retry it, and should not retry a refusal.
 */
export async function answer<Result>(work: Promise<Result>): Promise<Payload<Result>> {
  try {
    return { result: await work, errors: [] };
  } catch (error) {
    if (error instanceof Refusal) return { result: null, errors: [error] };
    if (error instanceof Refusals) return { result: null, errors: error.refusals };
    if (error instanceof Unavailable) throw unavailable(error.message);
    throw error;
  }
}

/** For queries, which have no `errors` field: throws a refusal as BAD_USER_INPUT and every other error unchanged. */
export function refuseInQuery(error: unknown): never {
  if (error instanceof Refusal || error instanceof Refusals) throw badUserInput(error.message);
  throw error;
}

/** Creates a payload type with `errors`; the mutation adds its result fields with `builder.objectFields`. */
export function payloadType<Result>(name: string, description: string) {
  const ref = builder.objectRef<Payload<Result>>(name);
  ref.implement({
    description,
    fields: (t) => ({
      errors: t.field({
        type: [UserErrorInterface],
        description: 'Why the mutation was refused; empty if it succeeded.',
        resolve: ({ errors }) => errors.map((refusal) => ({ refusal })),
      }),
    }),
  });
  return ref;
}

export const DeletePayload = payloadType<string>(
  'DeletePayload',
  'The answer of a mutation that removes an object.',
);
builder.objectFields(DeletePayload, (t) => ({
  deletedId: t.id({
    nullable: true,
    description: 'The id of the removed object; null if the mutation was refused.',
    resolve: ({ result }) => result,
  }),
}));
