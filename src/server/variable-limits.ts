import { type DocumentNode, type ExecutionResult, Kind, visit } from 'graphql';
import { measureText } from '../kernel/text-size.js';
import type { ServerLimits } from './limits.js';
import { protocolError, refusedByGraphql } from './protocol-error.js';

/**
 * The answer to variables that nest too deeply, contain texts that can't be stored, or are too long where the document uses
 * them; undefined for valid ones.
 */
export function refuseVariables(
  document: DocumentNode,
  variables: unknown,
  { maxVariableDepth, maxRepeatedVariableLength }: VariableLimits,
): ExecutionResult | undefined {
  const fault =
    findVariableFault(variables, maxVariableDepth) ??
    findRepetitionFault(document, variables, maxRepeatedVariableLength);
  return fault === undefined
    ? undefined
    : { errors: [protocolError('BAD_USER_INPUT', `The variables ${fault}.`, refusedByGraphql)] };
}

type VariableLimits = Pick<ServerLimits, 'maxVariableDepth' | 'maxRepeatedVariableLength'>;

/** How often a document uses each variable that it uses more than once. Parsed documents are cached. */
const REPEATED = new WeakMap<DocumentNode, ReadonlyMap<string, number>>();

function usesOf(document: DocumentNode): ReadonlyMap<string, number> {
  let repeated = REPEATED.get(document);
  if (repeated === undefined) {
    const uses = new Map<string, number>();
    visit(document, {
      [Kind.VARIABLE_DEFINITION]: () => false,
      [Kind.VARIABLE]: ({ name: { value } }) => void uses.set(value, (uses.get(value) ?? 0) + 1),
    });
    repeated = new Map([...uses].filter(([, count]) => count > 1));
    REPEATED.set(document, repeated);
  }
  return repeated;
}

/** A short document can use one long variable hundreds of times, and each use is checked and stored as if it were sent. */
function findRepetitionFault(document: DocumentNode, variables: unknown, most: number): string | undefined {
  if (typeof variables !== 'object' || variables === null) return undefined;
  let length = 0;
  for (const [name, uses] of usesOf(document)) {
    const value: unknown = Object.entries(variables).find(([given]) => given === name)?.[1];
    length += uses * measureText([value], most);
  }
  return length > most
    ? `are used so often that they have more than ${most} characters where they are used`
    : undefined;
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
