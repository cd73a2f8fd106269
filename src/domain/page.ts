/** Entries of a list when no size is asked for. */
export const DEFAULT_PAGE_SIZE = 20;

/** Entries that a list may be asked for at a time. */
export const MAX_PAGE_SIZE = 100;

/** The four arguments of a connection, as a client sends them. */
export interface PageArgs {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

/** What part of a list is asked for: `size` entries from one end of what lies between the two cursors. */
export interface PageRequest {
  readonly size: number;
  /** The last entries rather than the first. */
  readonly backward: boolean;
  readonly after: string | null;
  readonly before: string | null;
}

/** The caller asked for a part of a list that can't be had: a size, a cursor or a filter is wrong. */
export class InvalidList extends Error {
  override readonly name = 'InvalidList';
}

/**
 * @throws {InvalidList} for negative sizes, sizes over {@link MAX_PAGE_SIZE}, and `first` together with `last`.
 */
export function parsePageRequest(args: PageArgs): PageRequest {
  const { first = null, last = null, after = null, before = null } = args;
  if (first !== null && last !== null) throw new InvalidList('Ask for first or for last, not for both.');
  const backward = last !== null;
  const size = last ?? first ?? DEFAULT_PAGE_SIZE;
  if (size < 0 || size > MAX_PAGE_SIZE) {
    throw new InvalidList(
      `${backward ? 'last' : 'first'} is ${size}, but must be from 0 to ${MAX_PAGE_SIZE}.`,
    );
  }
  return { size, backward, after, before };
}
