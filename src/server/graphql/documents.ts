import type { DocumentNode, GraphQLError, GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { RequestScope } from '../request-scope.js';
import type { Yoga } from './yoga.js';

/** A document that was parsed within the limits. */
export interface CheckedDocument {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  /** Why it is not valid. */
  readonly errors: readonly GraphQLError[];
}

/** The documents that were parsed and are valid. */
export interface Documents {
  /**
   * Parses and validates a document, which takes up to 70 ms, or finds it among the last ones.
   *
   * @throws GraphQLError for a document that can't be parsed or exceeds the limits.
   */
  readonly check: (text: string, scope: RequestScope) => CheckedDocument;
  /** Whether the document is among the last ones. */
  readonly isKnown: (text: string) => boolean;
}

/**
 * Parses and validates documents with yoga's plugins, and remembers the last ones by their text. The memory is limited by size and not by
 * number, because a parsed document takes up to 200 times the memory of its text. Errors of parsing and of validation are not
 * remembered: the stack of an error keeps the whole request in memory, with up to 1 MB of variables, and the speed of a broken document
 * does not matter.
 */
export function createDocuments(yoga: Yoga): Documents {
  const known = new LRUCache<string, CheckedDocument>({
    maxSize: 262_144,
    maxEntrySize: 32_768,
    sizeCalculation: (_checked, text) => text.length,
  });

  function parse(text: string, scope: RequestScope): CheckedDocument {
    const { parse: parseText, validate, schema } = yoga.getEnveloped(scope);
    const document: DocumentNode = parseText(text);
    return { schema, document, errors: validate(schema, document) };
  }

  function check(text: string, scope: RequestScope): CheckedDocument {
    const remembered = known.get(text);
    if (remembered !== undefined) return remembered;
    const checked = parse(text, scope);
    // The cache refuses a text without a length. It can't be parsed, so it never arrives here.
    if (checked.errors.length === 0) known.set(text, checked);
    return checked;
  }

  return { check, isKnown: (text) => known.has(text) };
}
