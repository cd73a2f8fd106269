import type { AccountIds } from '../account-ids.js';
import { bubblewrapCommand } from './bubblewrap.js';
import { unshareCommand } from './unshare.js';
import type { SandboxView } from './view.js';

/** The programs that make a sandbox. */
export type SandboxKind = 'bwrap' | 'unshare';

/** The file descriptor to which a sandbox writes a line when it is complete, just before it starts the program. */
export const READY_FD = 3;

/**
 * The command that runs a program in a sandbox: in a process namespace of its own, so that it neither sees the processes of
 * the server nor outlives it, and with the view of the file system. The network is that of the machine.
 */
export function sandboxCommand(
  kind: SandboxKind,
  argv: readonly string[],
  view: SandboxView,
  ids: AccountIds,
): string[] {
  return kind === 'bwrap' ? bubblewrapCommand(argv, view) : unshareCommand(argv, view, ids);
}
