import * as z from 'zod';
import type { Answer } from '../../verbs/verb.js';
import type { ToolOutput } from '../output.js';

/** How many entries a list has. */
export const limit = z.number().int().min(1).max(50).default(20).describe('Entries per page.');

/** A page of a list; `after` is the cursor of the next page, and missing if there is none. */
export function pageOf(
  name: string,
  { data, next }: Answer,
  toEntry: (node: unknown) => ToolOutput,
): ToolOutput {
  const nodes = Array.isArray(data) ? data.map(toEntry) : [];
  return { [name]: nodes, ...(next == null ? {} : { after: next }) };
}
