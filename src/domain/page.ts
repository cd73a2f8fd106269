/** The size of a page if the caller gives none. */
export const DEFAULT_PAGE_SIZE = 20;

/** The largest size of a page. */
export const MAX_PAGE_SIZE = 100;

/** The four arguments of a connection, as a client sends them. */
export interface PageArgs {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

/** The requested part of a list: `size` entries from one end of the range between the two cursors. */
export interface PageRequest {
  readonly size: number;
  /** Whether the last entries of the range are requested, not the first. */
  readonly backward: boolean;
  readonly after: string | null;
  readonly before: string | null;
}

/** The caller requested a list with a size, cursor or filter that is not valid. */
export class InvalidList extends Error {
  override readonly name = 'InvalidList';
}

/**
 * Checks the arguments of a connection and turns them into a page request.
 * @throws {InvalidList} for negative sizes, sizes over {@link MAX_PAGE_SIZE}, and `first` together with `last`.
 */
export function parsePageRequest(args: PageArgs): PageRequest {
  const { first = null, last = null, after = null, before = null } = args;
  if (first !== null && last !== null) throw new InvalidList('Use either first or last, not both.');
  const backward = last !== null;
  const size = last ?? first ?? DEFAULT_PAGE_SIZE;
  if (size < 0 || size > MAX_PAGE_SIZE) {
    throw new InvalidList(
      `${backward ? 'last' : 'first'} is ${size}, but must be from 0 to ${MAX_PAGE_SIZE}.`,
    );
  }
  return { size, backward, after, before };
}
