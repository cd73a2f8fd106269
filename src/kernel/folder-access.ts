/** An account, by its user id and its only group. */
export interface AccessingAccount {
  readonly uid: number;
  readonly gid: number;
}

/** What `stat` tells about a folder. */
export interface FolderRights {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** Whether the mode of a folder lets an account that is not root enter it. Access control lists are not looked at. */
export function isSearchable(account: AccessingAccount, folder: FolderRights): boolean {
  if (folder.uid === account.uid) return (folder.mode & 0o100) !== 0;
  if (folder.gid === account.gid) return (folder.mode & 0o010) !== 0;
  return (folder.mode & 0o001) !== 0;
}
