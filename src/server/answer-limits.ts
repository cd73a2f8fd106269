import type { ExecutionArgs, ExecutionResult, GraphQLError } from 'graphql';
import { lengthPerEntry } from '../graphql/base/answer-extent.js';
import { countListed } from '../graphql/base/operation-budget.js';
import { lengthInJson, measureText } from '../kernel/text-size.js';
import { protocolError } from './protocol-error.js';

/**
 * Refuses to send an answer that is too large. It is measured before it is written as JSON: a text that is in memory once can
 * appear in it many times. An answer that can't be that large, by its document and the entries of its lists, is not measured.
 */
export function limitAnswer(
  result: ExecutionResult,
  { schema, document, contextValue }: Pick<ExecutionArgs, 'schema' | 'document' | 'contextValue'>,
  maxLength: number,
): ExecutionResult {
  const { data, errors = [] } = result;
  const entries = countListed(contextValue as object) + 1;
  // Each entry can add errors, and each of them has a path with the names that the client has chosen.
  if (errors.length <= 1 && entries * lengthPerEntry(schema, document) <= maxLength) return result;
  const length = measureText(data ?? {}, maxLength, lengthInJson) + lengthOf(errors);
  if (length <= maxLength) return result;
  return { errors: [tooLarge(maxLength)], data: null };
}

/** What an error takes in addition to its message and its path. */
const ERROR_OVERHEAD = 100;

function lengthOf(errors: readonly GraphQLError[]): number {
  const lengths = errors.map(
    ({ message, path = [] }) => message.length + path.join().length + ERROR_OVERHEAD,
  );
  return lengths.reduce((sum, length) => sum + length, 0);
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

/** Whether the error says that the operation was stopped because it was too large. */
export function isStop({ extensions }: GraphQLError): boolean {
  return extensions.code === 'QUERY_TOO_COMPLEX';
}
