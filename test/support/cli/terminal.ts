import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, vi } from 'vitest';
import { type Mc, mcPath } from './mc.js';

const farSide = fileURLToPath(new URL('terminal.py', import.meta.url));

/** Whether this machine has what a pseudo-terminal needs: Python with its module `pty`, which Windows does not have. */
export const hasTerminal = spawnSync('python3', ['-c', 'import pty']).status === 0;

/** A command in a pseudo-terminal. */
export interface Terminal {
  /** Everything that was written, with escape sequences. */
  raw(): string;
  /** What a person reads: without escape sequences. */
  text(): string;
  type(keys: string): void;
  resize(columns: number, rows: number): void;
  /** Waits until the text matches. */
  until(pattern: RegExp): Promise<void>;
  /** Forgets what was written so far. */
  clear(): void;
  signal(signal: NodeJS.Signals): void;
  readonly ended: Promise<number | null>;
}

/** Runs a command of mc, or another program, in a pseudo-terminal of 80 × 24. */
export function openTerminal(
  mc: Mc,
  args: readonly string[],
  {
    program = [process.execPath, mcPath],
    env = {},
    columns = 80,
    rows = 24,
  }: {
    readonly program?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    readonly columns?: number;
    readonly rows?: number;
  } = {},
): Terminal {
  const child = spawn('python3', [farSide, `${columns}`, `${rows}`, ...program, ...args], {
    cwd: mc.folder,
    env: { ...mc.env, TERM: 'xterm-256color', ...env },
  });
  afterAll(() => child.kill('SIGKILL'));
  let written = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    written += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    written += chunk;
  });
  const text = () => withoutEscapes(written);
  return {
    raw: () => written,
    text,
    type: (keys) => void child.stdin.write(keys),
    resize: (toColumns, toRows) => void child.stdin.write(`\0${toColumns},${toRows}\n`),
    clear: () => {
      written = '';
    },
    signal: (signal) => void child.kill(signal),
    until: async (pattern) =>
      vi.waitFor(
        () => {
          if (!pattern.test(text())) throw new Error(`the terminal does not show ${pattern}:\n${text()}`);
        },
        { timeout: 20_000, interval: 10 },
      ),
    ended: once(child, 'close').then(([code]) => code as number | null),
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with an escape character.
const ESCAPE_SEQUENCE = /\u001b\[[\d;?]*[A-Za-z]/g;

/** A move of the cursor begins a new line for the reader. */
function withoutEscapes(text: string): string {
  return text
    .replace(ESCAPE_SEQUENCE, (sequence) => (sequence.endsWith('H') ? '\n' : ''))
    .replaceAll('\r', '');
}
