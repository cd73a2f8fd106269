import type { Plugin } from 'graphql-yoga';
import type { ServerLimits } from '../../limits.js';
import { parseWithinLimits } from '../document-limits.js';

/** Checks the limits on documents while parsing. */
export function useDocumentLimits(limits: ServerLimits): Plugin {
  const parse = (source: Parameters<typeof parseWithinLimits>[0], options?: object) =>
    parseWithinLimits(source, limits, options);
  return { onParse: ({ setParseFn }) => setParseFn(parse) };
}
