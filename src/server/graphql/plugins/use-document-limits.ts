import type { DocumentNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import type { ServerLimits } from '../../limits.js';
import { parseWithinLimits } from '../document-limits.js';

/** Checks the limits on documents while parsing. */
export function useDocumentLimits(limits: ServerLimits): Plugin {
  const parse = (source: Parameters<typeof parseWithinLimits>[0], options?: object) =>
    parseWithinLimits(source, limits, options);
  return { onParse: ({ setParseFn }) => setParseFn(parse) };
}

/** Parsed documents, in the form that yoga takes. */
export interface DocumentCache {
  readonly documentCache: LRUCache<string, DocumentNode>;
  readonly errorCache: { get(): undefined; set(): void };
  readonly validationCache: false;
}

/**
 * Creates the cache of parsed documents by their text. It is limited by size and not by number, because a parsed document
 * takes up to 200 times the memory of its text. Errors of parsing and of validation are not cached: the stack of an error keeps the
 * whole request in memory, with up to 1 MB of variables, and the speed of a broken document does not matter.
 */
export function createDocumentCache(): DocumentCache {
  const documents = new LRUCache<string, DocumentNode>({
    maxSize: 262_144,
    maxEntrySize: 32_768,
    sizeCalculation: (_document, text) => text.length,
  });
  return {
    documentCache: documents,
    errorCache: { get: () => undefined, set: () => undefined },
    validationCache: false,
  };
}
