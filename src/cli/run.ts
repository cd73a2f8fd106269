import { CommanderError } from 'commander';
import type { Environment } from '../config/variables.js';
import { exitCodes, InterruptedError, toFailure } from './failures.js';
import { createPrinter, failureText } from './output/printer.js';
import { hasColours, lookOf } from './output/terminal.js';
import { createProgram, isHelp } from './program.js';
import { toUsage } from './suggestions.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs one command and sets the exit code of the process. */
export async function runCli(args: readonly string[], env: Environment): Promise<void> {
  const interruption = new AbortController();
  const interrupt = () => interruption.abort(new InterruptedError('Interrupted.'));
  let isHeld = false;
  const hold = () => {
    isHeld = true;
    for (const signal of SIGNALS) process.off(signal, interrupt);
  };
  for (const signal of SIGNALS) process.once(signal, interrupt);
  // The reader of a pipe has seen enough, as in `mc task list | head`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' && !isHeld) process.exit(exitCodes.ok);
  });
  // What is said beside the answer may get lost. It must not end a worker, or change an exit code.
  process.stderr.on('error', () => undefined);
  const program = createProgram({ env, signal: interruption.signal, hold }, args);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    const isUnread = error instanceof CommanderError && !isHelp(error);
    process.exitCode = report(isUnread ? toUsage(error, program) : error, args, env);
  }
  if (isHeld) return;
  // Where pipes are asynchronous, an exit would cut the output.
  await new Promise((resolve) => process.stdout.write('', resolve));
  // Connections that the SDK keeps open for further requests must not delay the end.
  process.exit();
}

function report(error: unknown, args: readonly string[], env: Environment): number {
  if (isHelp(error)) return exitCodes.ok;
  const failure = toFailure(error);
  const isColoured = hasColours(process.stderr, env, !args.includes('--no-color'));
  if (args.includes('--json')) createPrinter({ json: true }, env).failure(failure);
  else process.stderr.write(failureText(failure, lookOf(isColoured)));
  return failure.exitCode;
}
