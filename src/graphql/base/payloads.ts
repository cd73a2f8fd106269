import { Refusal, Refusals } from '../../domain/refusals.js';
import { Unavailable } from '../../kernel/unavailable.js';
import { builder } from '../builder.js';
import { badUserInput, unavailable } from './protocol-errors.js';
import { UserErrorInterface } from './user-errors.js';

/** What a mutation resolves to: its result, or the refusals that kept it from having one. */
export interface Payload<Result> {
  readonly result: Result | null;
  readonly errors: readonly Refusal[];
}

/**
 * Runs a service and turns what it refuses into data. Faults pass through and are masked further out; "not now" becomes
 * an error of the protocol, because trying again is right for it and wrong for a refusal.
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

/** For queries, which have no `errors`: says what is refused as an error of the request, and passes faults on. */
export function refuseInQuery(error: unknown): never {
  if (error instanceof Refusal || error instanceof Refusals) throw badUserInput(error.message);
  throw error;
}

/** A payload type that has `errors`; the mutation adds the fields of its result with `builder.objectFields`. */
export function payloadType<Result>(name: string, description: string) {
  const ref = builder.objectRef<Payload<Result>>(name);
  ref.implement({
    description,
    fields: (t) => ({
      errors: t.field({
        type: [UserErrorInterface],
        description: 'Why it was refused; empty if it was done.',
        resolve: ({ errors }) => errors.map((refusal) => ({ refusal })),
      }),
    }),
  });
  return ref;
}

export const DeletePayload = payloadType<string>(
  'DeletePayload',
  'The answer of a mutation that removes something.',
);
builder.objectFields(DeletePayload, (t) => ({
  deletedId: t.id({
    nullable: true,
    description: 'The id of what was removed; null if the mutation was refused.',
    resolve: ({ result }) => result,
  }),
}));
