import type { ExecutionResult } from 'graphql';
import { protocolError, refusedByGraphql } from './protocol-error.js';

/** The answer to variables that nest too deeply or contain texts that can't be stored; undefined for valid ones. */
export function refuseVariables(variables: unknown, maxDepth: number): ExecutionResult | undefined {
  const fault = findVariableFault(variables, maxDepth);
  return fault === undefined
    ? undefined
    : { errors: [protocolError('BAD_USER_INPUT', `The variables ${fault}.`, refusedByGraphql)] };
}

/** The reason to refuse the variables, or undefined. Recurses no deeper than the limit. */
export function findVariableFault(variables: unknown, maxDepth: number): string | undefined {
  if (typeof variables === 'string') return findTextFault(variables);
  if (typeof variables !== 'object' || variables === null) return undefined;
  if (maxDepth < 0) return 'nest too deeply';
  return Array.isArray(variables)
    ? findFirst(variables, (item) => findVariableFault(item, maxDepth - 1))
    : findObjectFault(variables, maxDepth);
}

function findObjectFault(object: object, maxDepth: number): string | undefined {
  return findFirst(
    Object.entries(object),
    ([name, value]) => findTextFault(name) ?? findVariableFault(value, maxDepth - 1),
  );
}

/** A lone half of a surrogate pair is not valid Unicode: jsonb refuses it, and a text column would store a question mark. */
const unstorable = /[\0\p{Surrogate}]/u;

function findTextFault(text: string): string | undefined {
  if (!unstorable.test(text)) return undefined;
  return text.includes('\0')
    ? 'contain U+0000, which cannot be stored'
    : 'contain half of a surrogate pair, which cannot be stored';
}

function findFirst<Item>(
  items: readonly Item[],
  find: (item: Item) => string | undefined,
): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found) return found;
  }
  return undefined;
}
