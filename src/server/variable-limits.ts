import type { ExecutionResult } from 'graphql';
import { protocolError, refusedByGraphql } from './protocol-error.js';

/** The answer to variables that nest too deeply or hold texts that can't be stored; undefined if they can be taken. */
export function refuseVariables(variables: unknown, maxDepth: number): ExecutionResult | undefined {
  const fault = findVariableFault(variables, maxDepth);
  return fault === undefined
    ? undefined
    : { errors: [protocolError('BAD_USER_INPUT', `The variables ${fault}.`, refusedByGraphql)] };
}

/** Why variables can't be taken, or undefined if they can. Never goes deeper than the limit itself. */
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

/** Lone halves of a surrogate pair are no Unicode text: jsonb refuses them, text turns them into question marks. */
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
