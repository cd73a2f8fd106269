import type { ExecutionResult, GraphQLError } from 'graphql';
import { measureText } from '../kernel/text-size.js';
import { protocolError } from './protocol-error.js';

/**
 * Refuses to send an answer that is too large. It is measured before it is written as JSON: aliases repeat a text that is in
 * memory once. For a list of 50 tasks this takes a hundredth of the time of the query.
 */
export function limitAnswer(result: ExecutionResult, maxLength: number): ExecutionResult {
  if (measureText(result.data, maxLength) <= maxLength) return result;
  return { errors: [tooLarge(maxLength)], data: null };
}

function tooLarge(maxLength: number) {
  return protocolError(
    'QUERY_TOO_COMPLEX',
    `The answer has more than ${maxLength} characters: ask for smaller pages or fewer fields. A mutation has been executed.`,
  );
}

/**
 * Keeps the first of the errors that say that an operation was stopped. Each of its thousands of objects could add one. A query
 * that was stopped has no data, because its nulls would not all have an error.
 */
export function stopOnce(result: ExecutionResult, isQuery: boolean): ExecutionResult {
  const { errors = [] } = result;
  const stop = errors.find(isStop);
  if (stop === undefined) return result;
  if (isQuery) return { errors: [stop], data: null };
  return { ...result, errors: [...errors.filter((error) => !isStop(error)), stop] };
}

function isStop({ extensions }: GraphQLError): boolean {
  return extensions.code === 'QUERY_TOO_COMPLEX';
}
