import { GraphQLError } from 'graphql';
import type { Instrument } from '../kernel/instrument.js';
import { Unavailable } from '../kernel/unavailable.js';
import { originOf, presentUnavailable, refusalIn } from './caller-errors.js';
import { placesOf, protocolError } from './protocol-error.js';

export interface ErrorPresenter {
  /**
   * What a caller may see of an error. Refusals keep their message and have a code; a fault of ours becomes "Internal
   * server error" with the request's id, and is emitted with its cause. The same error is presented once.
   */
  present(error: unknown, requestId: string): GraphQLError;
  /** For where the request's id is out of reach: a fault is masked, and waits to be presented with the id. */
  mask(error: unknown): GraphQLError;
}

/** `isOutage` knows the errors of a database that is away: no fault, but no answer either. */
export function createErrorPresenter(
  instrument: Instrument,
  isOutage: (error: unknown) => boolean = () => false,
): ErrorPresenter {
  const presented = new WeakSet<object>();
  /** What faults were before they were masked without a request's id. */
  const masked = new WeakMap<GraphQLError, unknown>();

  function remember(error: GraphQLError): GraphQLError {
    presented.add(error);
    return error;
  }

  function findRefusal(error: unknown, requestId?: string): GraphQLError | undefined {
    const refusal = refusalIn(error);
    if (refusal !== undefined) return refusal;
    const origin = originOf(error);
    if (!isOutage(origin)) return undefined;
    // Whoever reads the log all the time says once that the database is away.
    instrument.emit('debug', 'graphql.outage', 'A request found the database away', {
      requestId,
      error: origin,
    });
    return presentUnavailable(error, outage);
  }

  return {
    present(error, requestId) {
      if (error instanceof GraphQLError) {
        if (presented.has(error)) return error;
        if (masked.has(error)) return remember(presentFault(instrument, masked.get(error), requestId));
      }
      return remember(findRefusal(error, requestId) ?? presentFault(instrument, error, requestId));
    },
    mask(error) {
      if (error instanceof GraphQLError && (presented.has(error) || masked.has(error))) return error;
      const refusal = findRefusal(error);
      if (refusal) return remember(refusal);
      const fault = protocolError('INTERNAL_SERVER_ERROR', internalError);
      masked.set(fault, error);
      return fault;
    },
  };
}

const outage = new Unavailable(
  'The database does not answer: ask again soon. Whether a change has been made is not known; repeat it with its idempotency key.',
);

const internalError = 'Internal server error';

function presentFault(instrument: Instrument, error: unknown, requestId: string): GraphQLError {
  const places = error instanceof GraphQLError ? placesOf(error) : undefined;
  instrument.emit('error', 'graphql.fault', 'A request met a fault', {
    requestId,
    path: places?.path?.join('.'),
    error: originOf(error),
  });
  return new GraphQLError(internalError, {
    ...places,
    // Yoga's word for "answer with 500 if there is no data at all"; it is not sent.
    extensions: { code: 'INTERNAL_SERVER_ERROR', requestId, unexpected: true },
  });
}
