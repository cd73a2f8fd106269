import { GraphQLError } from 'graphql';
import type { Instrument } from '../kernel/instrument.js';
import { Unavailable } from '../kernel/unavailable.js';
import { originOf, presentUnavailable, refusalIn } from './caller-errors.js';
import { placesOf, protocolError } from './protocol-error.js';

/** Turns errors into what callers may see, and logs faults. */
export interface ErrorPresenter {
  /**
   * Refusals keep their message and get a code. A fault becomes "Internal server error" with the request's id and is logged
   * with its cause. An error that was presented before is returned as it is.
   */
  present(error: unknown, requestId: string): GraphQLError;
  /** For code that does not know the request's id: masks a fault, which `present` later logs with the id. */
  mask(error: unknown): GraphQLError;
  /** Whether the error means that the database was unavailable, so that a retry may succeed. */
  isOutage(error: unknown): boolean;
}

/** @param isOutage - whether an error means that the database is unavailable, which is UNAVAILABLE and not a fault. */
export function createErrorPresenter(
  instrument: Instrument,
  isOutage: (error: unknown) => boolean = () => false,
): ErrorPresenter {
  const presented = new WeakSet<object>();
  /** The original errors of the faults that were masked without a request's id. */
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
    // Only debug: database.lost or database.refuses reports the outage once.
    instrument.emit('debug', 'graphql.outage', 'The database was unavailable to a request', {
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
    isOutage: (error) => isOutage(originOf(error)),
  };
}

const outage = new Unavailable(
  'The database is unavailable. Try again soon. It is unknown whether a change was made: repeat it with the same idempotency key.',
);

const internalError = 'Internal server error';

function presentFault(instrument: Instrument, error: unknown, requestId: string): GraphQLError {
  const places = error instanceof GraphQLError ? placesOf(error) : undefined;
  instrument.emit('error', 'graphql.fault', 'A GraphQL request failed with an internal error', {
    requestId,
    path: places?.path?.join('.'),
    error: originOf(error),
  });
  return new GraphQLError(internalError, {
    ...places,
    // Makes yoga answer with 500 if there is no data at all. It is not sent to the client.
    extensions: { code: 'INTERNAL_SERVER_ERROR', requestId, unexpected: true },
  });
}
