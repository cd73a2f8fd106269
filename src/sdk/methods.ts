import type { Caller, CallOptions } from './http/caller.js';
import type { Operation } from './operations/operation.js';
import { type PagedOperation, Pages } from './operations/pages.js';

type Method = (...rest: readonly [unknown?, CallOptions?]) => Promise<unknown>;

/** The method of one operation. */
export function toMethod(operation: Operation<unknown, unknown>, caller: Caller, name: string): Method {
  const call = async (argument: unknown, options: CallOptions) => {
    const data = await caller.call(
      { query: operation.document, variables: operation.toVariables(argument) },
      { isRepeatable: operation.isRepeatable(argument), waitMs: waitMsOf(argument) },
      options,
    );
    return operation.toOutput(data, argument);
  };
  if (/^\w+ \w+\(/.test(operation.document))
    return async (argument = {}, options = {}) => call(checkArgument(argument, name), options);
  return async (options = {}, ...rest) => {
    if (rest.length > 0) throw new TypeError(`${name} has no input: pass the options as its first argument.`);
    return call({}, options as CallOptions);
  };
}

/** The method of one list. */
export function toList({ document, toPage }: PagedOperation<unknown, unknown>, caller: Caller, name: string) {
  return (argument: object = {}, options: CallOptions = {}) => {
    const variables = checkArgument(argument, name);
    return new Pages(async (after) => {
      const query = { query: document, variables: after === undefined ? variables : { ...variables, after } };
      return toPage(await caller.call(query, { isRepeatable: true, waitMs: 0 }, options));
    });
  };
}

/**
 * The server ignores variables that it does not know, so a signal among them would end nothing.
 *
 * @throws TypeError for a signal in the input.
 */
function checkArgument<Argument>(argument: Argument, name: string): Argument {
  if (typeof argument === 'object' && argument !== null && 'signal' in argument)
    throw new TypeError(`Pass the signal to ${name} in the second argument, after the input.`);
  return argument;
}

/** How long the server may hold a claim, in milliseconds: the request may take as much longer. */
function waitMsOf(argument: unknown): number {
  const seconds = (argument as { readonly waitSeconds?: unknown } | null)?.waitSeconds;
  return typeof seconds === 'number' ? seconds * 1_000 : 0;
}

/** The record with each value mapped. */
export function mapValues<Value, Mapped>(
  record: Readonly<Record<string, Value>>,
  map: (value: Value, name: string) => Mapped,
): Record<string, Mapped> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));
}
