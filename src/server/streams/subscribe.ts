import { createSourceEventStream, type ExecutionArgs, type ExecutionResult } from 'graphql';
import { isAsyncIterable } from 'graphql-yoga';
import type { Instrument } from '../../kernel/instrument.js';
import type { ErrorPresenter } from '../error-presenter.js';
import type { ServerLimits } from '../limits.js';
import type { RequestScope } from '../request-scope.js';
import { refuseVariables } from '../variable-limits.js';
import type { OpenStreams } from './open-streams.js';
import type { SharedOperations } from './shared-operations.js';
import type { TakeStreamPlace } from './stream-places.js';

/** Begins a subscription. Returns a stream of results, or one result with the reason why there is none. */
export type Subscribe = (
  args: ExecutionArgs,
  scope: RequestScope,
  /** The message of the client. */
  params: object,
) => Promise<ExecutionResult | AsyncIterableIterator<ExecutionResult>>;

export interface SubscribeOptions {
  readonly operations: SharedOperations;
  readonly streams: OpenStreams<ExecutionResult>;
  readonly takePlace: TakeStreamPlace;
  readonly presenter: ErrorPresenter;
  readonly limits: ServerLimits;
  readonly instrument: Instrument;
}

/**
 * Creates a function that subscribes like graphql-js, with two differences: subscribers share executions, and the stream ends
 * when its client disconnects or the server stops.
 */
export function createSubscribe({
  operations,
  streams,
  takePlace,
  presenter,
  limits,
  instrument,
}: SubscribeOptions): Subscribe {
  return async (args, scope, params) => {
    instrument.emit('trace', 'graphql.operation', 'A subscription begins', { operation: 'subscription' });
    const { viewer, requestId, signal } = scope;
    const present = (error: unknown) => presenter.present(error, requestId);
    const refusal = refuseVariables(args.document, args.variableValues, limits);
    if (refusal) return refusal;
    try {
      takePlace(scope, { document: args.document, params });
      const source = await createSourceEventStream(args);
      if (!isAsyncIterable(source)) return presentErrors(source, present);
      return streams.open(source, signal, operations.join(args, viewer, present));
    } catch (error) {
      return { errors: [present(error)] };
    }
  };
}

function presentErrors(
  { errors = [], ...rest }: ExecutionResult,
  present: (error: unknown) => ReturnType<ErrorPresenter['present']>,
): ExecutionResult {
  return { ...rest, errors: errors.map(present) };
}
