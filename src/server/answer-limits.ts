import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLError,
  Kind,
  visit,
} from 'graphql';
import { countListed } from '../graphql/base/operation-budget.js';
import { measureText } from '../kernel/text-size.js';
import { protocolError } from './protocol-error.js';

/** An answer with at most this many objects in lists, and without aliases, is not measured. Twice the largest page. */
const SMALL_ANSWER = 200;

/**
 * Refuses to send an answer that is too large. It is measured before it is written as JSON: a text that is in memory once can
 * appear in it many times. An answer of one page can't be that large and is not measured, because this takes 7 % of the time of
 * a list of 50 tasks.
 */
export function limitAnswer(
  result: ExecutionResult,
  { document, contextValue }: Pick<ExecutionArgs, 'document' | 'contextValue'>,
  maxLength: number,
): ExecutionResult {
  const { data } = result;
  if (!data || (countListed(contextValue as object) <= SMALL_ANSWER && !hasAliases(document))) return result;
  if (measureText(data, maxLength) <= maxLength) return result;
  return { errors: [tooLarge(maxLength)], data: null };
}

/** Parsed documents are cached, so each is visited once. */
const ALIASED = new WeakMap<DocumentNode, boolean>();

function hasAliases(document: DocumentNode): boolean {
  let isAliased = ALIASED.get(document);
  if (isAliased === undefined) {
    isAliased = false;
    visit(document, {
      [Kind.FIELD](field) {
        isAliased ||= field.alias !== undefined;
      },
    });
    ALIASED.set(document, isAliased);
  }
  return isAliased;
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
