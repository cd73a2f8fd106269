import {
  type DocumentNode,
  type GraphQLInputType,
  type GraphQLSchema,
  getNullableType,
  isInputObjectType,
  isListType,
  isScalarType,
  isSpecifiedScalarType,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { explainRounding } from '../../kernel/exact-numbers.js';

/** A number that is rounded has 16 digits or an exponent of three, so most texts are not looked at again. */
const MAY_ROUND = /[\d.]{16}|\d[eE][-+]?\d{3}/;

const TEXT_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/gs;

/** Begins a text that stands for a number. Callers' texts with this character are refused, so none is taken for a number. */
const MARK = '\0';

/**
 * Parses a JSON text a second time, with a marked text in place of each number that JSON.parse rounds. Undefined if it
 * rounds none, or if the text is no JSON.
 */
export function parseExactly(text: string): unknown {
  if (!MAY_ROUND.test(text)) return undefined;
  let rounded = 0;
  const marked = text.replace(TEXT_OR_NUMBER, (token) => {
    if (token.startsWith('"') || explainRounding(token) === null) return token;
    rounded++;
    return JSON.stringify(MARK + token);
  });
  if (rounded === 0) return undefined;
  try {
    return JSON.parse(marked);
  } catch {
    return undefined;
  }
}

/**
 * Finds a number that its document puts into a JSON value and that was rounded. A Float may be rounded, because that is
 * what the type means; a JSON value is stored as it was given or refused.
 *
 * @param exact - the variables as {@link parseExactly} reads them.
 * @returns a sentence that names the number and its place, or undefined.
 */
export function findRoundedVariable(
  schema: GraphQLSchema,
  document: DocumentNode,
  exact: Readonly<Record<string, unknown>>,
): string | undefined {
  let found: string | undefined;
  // A document may use a large variable a thousand times.
  const searched = new Set<string>();
  const types = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(types, {
      VariableDefinition: () => false,
      Variable({ name }) {
        // Inside a literal of a JSON value a variable has no type: it is a part of the value.
        const type = types.getInputType() ?? undefined;
        const use = `${name.value}: ${type}`;
        if (found !== undefined || searched.has(use)) return;
        searched.add(use);
        found = findRounded(exact[name.value], type, [name.value]);
      },
    }),
  );
  return found;
}

type Path = readonly (string | number)[];

/** Variables that nest deeper are refused for that. */
const MAX_DEPTH = 100;

function findRounded(value: unknown, given: GraphQLInputType | undefined, path: Path): string | undefined {
  if (path.length > MAX_DEPTH) return undefined;
  const type = given && getNullableType(given);
  if (type === undefined || (isScalarType(type) && !isSpecifiedScalarType(type)))
    return findMark(value, path);
  if (isListType(type)) {
    if (!Array.isArray(value)) return findRounded(value, type.ofType, path);
    return findFirst(value.entries(), ([index, item]) => findRounded(item, type.ofType, [...path, index]));
  }
  if (!isInputObjectType(type) || !isObject(value)) return undefined;
  return findFirst(Object.values(type.getFields()), ({ name, type: inner }) =>
    findRounded(value[name], inner, [...path, name]),
  );
}

function findMark(value: unknown, path: Path): string | undefined {
  if (typeof value === 'string' && value.startsWith(MARK)) {
    const rounding = explainRounding(value.slice(MARK.length));
    return rounding === null ? undefined : `The variable "$${path.join('.')}" is ${rounding}.`;
  }
  if (!isObject(value) || path.length > MAX_DEPTH) return undefined;
  return findFirst(Object.entries(value), ([key, inner]) => findMark(inner, [...path, key]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function findFirst<Item>(
  items: Iterable<Item>,
  find: (item: Item) => string | undefined,
): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
