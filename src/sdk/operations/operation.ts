import type { RefusalFragment, TypedDocument } from '../../generated/operations.js';
import { RefusedError } from '../errors/refusals.js';
import { toRefusal } from '../errors/to-refusal.js';

/** How a method of the client becomes one request, and its answer the method's result. */
export interface Operation<Argument, Output> {
  readonly document: string;
  /** The variables of the request. It is called once, before the first attempt: a repeat sends the same key. */
  readonly toVariables: (argument: Argument) => object;
  /** True if a request that the server may have executed can be sent again without doing anything twice. */
  readonly isRepeatable: (argument: Argument) => boolean;
  /** Throws the refusal of a payload. */
  readonly toOutput: (data: Readonly<Record<string, unknown>>, argument: Argument) => Output;
}

/** The value of the only root field of a result. */
export type RootOf<Result> = Result[keyof Result];

/** What a method takes: the input of an operation that has one, else its variables. */
export type ArgumentOf<Variables> = Variables extends { readonly input: infer Input }
  ? Input
  : Variables extends { readonly inputs: infer Inputs }
    ? Inputs
    : Variables;

/** A payload that was not refused: without `errors`, and with a value in each field except those named in `Maybe`. */
export type Granted<Payload, Maybe> = {
  readonly [Key in Exclude<keyof Payload, 'errors'>]: Key extends Maybe
    ? Payload[Key]
    : NonNullable<Payload[Key]>;
};

/** A payload as every mutation answers it. */
export interface Payload {
  readonly errors: readonly RefusalFragment[];
}

/** When a mutation may be sent a second time, although the server may have executed the first. */
export interface MutationOptions<Argument, Maybe> {
  /** Adds an idempotency key to an input that has none, which makes it repeatable. */
  readonly withKey?: (argument: Argument) => Argument;
  readonly isRepeatable?: (argument: Argument) => boolean;
  /** The fields that may be null in a payload that was not refused. */
  readonly maybe?: readonly Maybe[];
}

/** A mutation: it answers with its payload, or throws the refusal. */
/* @__NO_SIDE_EFFECTS__ */
export function mutation<Result, Variables extends object, Maybe extends string = never>(
  document: TypedDocument<Result, Variables>,
  options: MutationOptions<ArgumentOf<Variables>, Maybe> = {},
): Operation<ArgumentOf<Variables>, Granted<RootOf<Result>, Maybe>> {
  const { withKey, isRepeatable } = options;
  const wrap = wrapperOf(document);
  return {
    document,
    toVariables: (argument) => wrap(withKey ? withKey(argument) : argument),
    isRepeatable: (argument) => withKey !== undefined || (isRepeatable?.(argument) ?? false),
    toOutput: (data, argument) => granted(rootOf(data), argument) as Granted<RootOf<Result>, Maybe>,
  };
}

/**
 * The outcome of one payload of several in one request: the payload, or the refusal as a value, because a refusal of one
 * says nothing about the others.
 */
export function outcomeOf<Payload, Maybe extends string>(
  payload: Payload,
  argument: unknown,
  _maybe: readonly Maybe[],
): Granted<Payload, Maybe> | RefusedError {
  try {
    return granted(payload, argument) as Granted<Payload, Maybe>;
  } catch (error) {
    if (error instanceof RefusedError) return error;
    throw error;
  }
}

/** A query: it answers with the value of its root field. */
/* @__NO_SIDE_EFFECTS__ */
export function query<Result, Variables extends object>(
  document: TypedDocument<Result, Variables>,
): Operation<Variables, RootOf<Result>> {
  return {
    document,
    toVariables: (argument) => argument,
    isRepeatable: () => true,
    toOutput: (data) => rootOf(data) as RootOf<Result>,
  };
}

/**
 * The payload without its errors.
 *
 * @throws RefusedError for the first of them.
 */
function granted(payload: unknown, argument: unknown): unknown {
  const { errors, ...fields } = payload as Payload;
  const [refusal] = errors;
  if (refusal) throw toRefusal({ refusal, runId: runIdOf(argument) });
  return fields;
}

function rootOf(data: Readonly<Record<string, unknown>>): unknown {
  return Object.values(data)[0];
}

function runIdOf(argument: unknown): string | undefined {
  const runId = (argument as { readonly runId?: unknown } | null)?.runId;
  return typeof runId === 'string' ? runId : undefined;
}

/** Most mutations take one variable, `$input` or `$inputs`, and their methods take its value. ArgumentOf says so in types. */
function wrapperOf(document: string): (argument: unknown) => object {
  const name = /^mutation \w+\(\$(inputs?):/.exec(document)?.[1];
  return name === undefined ? (argument) => argument as object : (argument) => ({ [name]: argument });
}
