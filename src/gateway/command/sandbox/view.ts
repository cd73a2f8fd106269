import { realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname } from 'node:path';
import { isSearchable } from '../../../kernel/folder-access.js';
import type { AccountIds } from '../account-ids.js';

/** What a program in a sandbox sees of the file system: everything, read-only, with these exceptions. All paths exist. */
export interface SandboxView {
  /** The working folder. The program may change it. */
  readonly folder: string;
  /** Further files and folders that it may change. */
  readonly writable: readonly string[];
  /** Folders that are shown although their parent folder is replaced by an empty one. */
  readonly shown: readonly string[];
  /** Folders that are replaced by an empty one in memory that the program may change. */
  readonly fresh: readonly string[];
  /** Files of a fresh folder that are shown nevertheless. */
  readonly kept: readonly string[];
  /** Folders and files that the program must not see. */
  readonly hiddenFolders: readonly string[];
  readonly hiddenFiles: readonly string[];
}

export interface ViewWish {
  readonly folder: string;
  readonly writable: readonly string[];
  readonly shown: readonly string[];
  readonly hidden: readonly string[];
  /** The home folder of the program's account. */
  readonly home: string | undefined;
  /** The account of the program; null for the account of the server. */
  readonly ids: AccountIds | null;
}

/**
 * Sockets in these folders let a program start others outside of the sandbox: of tmux and screen in /tmp, of systemd, D-Bus
 * and Docker in /run.
 */
const FRESH = ['/tmp', '/var/tmp', '/run', '/var/run'];

/** What programs need of /run: the addresses of name servers, and on NixOS the programs themselves. */
const KEPT = ['/etc/resolv.conf', '/run/current-system', '/run/opengl-driver'];

/** Looks up what exists, without symbolic links: a link would be resolved inside of the sandbox, to another file. */
export async function lookUpView(wish: ViewWish): Promise<SandboxView> {
  const fresh = await existing(FRESH);
  const isInFresh = (path: string) => fresh.some((each) => path.startsWith(`${each}/`));
  const hidden = await Promise.all((await existing(wish.hidden)).map((path) => reachOf(path, wish.ids)));
  const folders = await Promise.all(hidden.map(isFolder));
  const writable = wish.writable.map((path) => expandHome(path, wish.home));
  return {
    folder: await realpath(wish.folder),
    writable: await reachable(await existing(writable), wish.ids),
    shown: await existing(wish.shown),
    fresh,
    kept: (await existing(KEPT)).filter(isInFresh),
    hiddenFolders: [...new Set(hidden.filter((_, index) => folders[index]))],
    hiddenFiles: hidden.filter((_, index) => !folders[index]),
  };
}

/** Whether a program with this view can't see the file: the innermost folder that the view names decides. */
export async function isHiddenIn(view: SandboxView, path: string): Promise<boolean> {
  const real = await realpath(path);
  const depthIn = (folders: readonly string[]) =>
    Math.max(0, ...folders.filter((each) => `${real}/`.startsWith(`${each}/`)).map((each) => each.length));
  const hidden = depthIn([...view.fresh, ...view.hiddenFolders, ...view.hiddenFiles]);
  return hidden > depthIn([view.folder, ...view.writable, ...view.shown, ...view.kept]);
}

/** Replaces `~` at the beginning by the home folder; undefined for that of the server's account. */
export function expandHome(path: string, home: string | undefined): string {
  return path.replace(/^~(?=\/)/, () => home ?? homedir());
}

async function existing(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(paths.map((path) => realpath(path).catch(() => null)));
  return [...new Set(found.filter((path) => path !== null && dirname(path) !== path))] as string[];
}

async function reachable(paths: readonly string[], ids: AccountIds | null): Promise<string[]> {
  const reached = await Promise.all(paths.map((path) => reachOf(path, ids)));
  return paths.filter((path, index) => reached[index] === path);
}

/**
 * How far the account gets on the way to the path: the path, or the first folder that it can't enter. Nothing can be mounted
 * behind such a folder. It is hidden instead, in case an access control list does let the account in.
 */
async function reachOf(path: string, ids: AccountIds | null): Promise<string> {
  const parent = dirname(path);
  if (ids === null || parent === path) return path;
  const reached = await reachOf(parent, ids);
  if (reached !== parent) return reached;
  return parent === dirname(parent) || isSearchable(ids, await stat(parent)) ? path : parent;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path)).isDirectory();
}
