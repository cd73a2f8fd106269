/** What one check has found. */
export interface Check {
  readonly name: string;
  readonly isOk: boolean;
  /** What is right or wrong, in one line. */
  readonly text: string;
  /** What to do; null if nothing. */
  readonly remedy: string | null;
}

/** A check that is passed. */
export function good(name: string, text: string): Check {
  return { name, isOk: true, text, remedy: null };
}

/** A check that is not passed. */
export function bad(name: string, text: string, remedy: string): Check {
  return { name, isOk: false, text, remedy };
}
