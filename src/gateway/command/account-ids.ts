/** The user and group ids of a program. */
export interface AccountIds {
  readonly uid: number;
  readonly gid: number;
}

/** The ids of this process. */
export function ownIds(): AccountIds {
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}
