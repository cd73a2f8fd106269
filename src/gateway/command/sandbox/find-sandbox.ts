import { readlink } from 'node:fs/promises';
import { type AccountIds, ownIds } from '../account-ids.js';
import { startProgram } from '../program.js';
import { type SandboxKind, sandboxCommand } from './sandbox.js';
import type { SandboxView } from './view.js';

/** What is tried at the start of the server. */
export interface SandboxTrial {
  readonly kinds: readonly SandboxKind[];
  readonly view: SandboxView;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Null for the account of the server. */
  readonly ids: AccountIds | null;
}

/** The first sandbox that works here, or why none does. */
export type FoundSandbox =
  | { readonly kind: SandboxKind }
  | { readonly kind: null; readonly reasons: readonly string[] };

/** Fails if it sees something of a hidden folder, shares the processes of the server, or may write to the root folder. */
const CHECK = `seen=$(readlink /proc/self/ns/pid)
[ "$seen" != "$1" ] || { echo "it shares the server's processes" >&2; exit 1; }
shift
for folder; do [ -z "$(ls -A "$folder")" ] || { echo "it shows $folder" >&2; exit 1; }; done
(: >"/.mission-control-$$") 2>/dev/null && { echo 'it may write to /' >&2; exit 1; }
exit 0`;

/**
 * Runs a program in each kind of sandbox until one works. Whether namespaces are allowed depends on the kernel, on security
 * modules and on the container, so only a run can tell.
 */
export async function findSandbox(trial: SandboxTrial): Promise<FoundSandbox> {
  if (process.platform !== 'linux') return { kind: null, reasons: ['only Linux has it'] };
  const reasons: string[] = [];
  for (const kind of trial.kinds) {
    const reason = await tryOut(kind, trial);
    if (reason === null) return { kind };
    reasons.push(`${kind}: ${reason}`);
  }
  return { kind: null, reasons };
}

async function tryOut(kind: SandboxKind, { view, env, ids }: SandboxTrial): Promise<string | null> {
  try {
    const check = ['/bin/sh', '-c', CHECK, 'sh', await readlink('/proc/self/ns/pid'), ...view.hiddenFolders];
    const program = await startProgram({
      argv: sandboxCommand(kind, check, view, ids ?? ownIds()),
      cwd: view.folder,
      env,
      ids,
      isSandboxed: true,
      onOutput: () => undefined,
    });
    program.begin('');
    const { code, errorEnds } = await program.ended;
    return code === 0 ? null : errorEnds.trim() || `exited with code ${code}`;
  } catch (error) {
    return oneLine(error);
  }
}

function oneLine(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'not installed';
  return String(error instanceof Error ? error.message : error).replace(/\s*\n\s*/g, '; ');
}
