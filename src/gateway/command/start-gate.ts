import type { ChildProcess } from 'node:child_process';
import { Writable } from 'node:stream';

/** The file descriptor on which a program waits until it may begin. READY_FD is the one before it. */
export const GATE_FD = 4;

/** Whether programs start behind a gate. Windows has no shell that could be one. */
export const HAS_GATE = process.platform !== 'win32';

/**
 * Waits for a line and then becomes the program, which keeps the process id. If the server ends first, the descriptor is
 * closed, and the program never begins.
 */
const WAIT = `read -r line <&${GATE_FD} || exit 75; exec ${GATE_FD}<&-; exec "$@"`;

/** The command that starts a program behind a gate: the process exists, but the program does not begin before openGate. */
export function behindGate(argv: readonly string[]): readonly string[] {
  return HAS_GATE ? ['/bin/sh', '-c', WAIT, 'sh', ...argv] : argv;
}

/** Lets the program begin. */
export function openGate(child: ChildProcess): void {
  const gate = child.stdio[GATE_FD];
  if (gate instanceof Writable) gate.end('begin\n');
}
