/** Entries of a list when no size is asked for. */
export const DEFAULT_PAGE_SIZE = 20;

/** Entries that a list may be asked for at a time. */
export const MAX_PAGE_SIZE = 100;
