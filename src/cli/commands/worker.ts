import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../kernel/durations.js';
import { createWorker, MissionControlError, type Worker } from '../../sdk/index.js';
import { lines, oneLine } from '../../verbs/looks/look.js';
import { type CommandError, InterruptedError, UsageError } from '../failures.js';
import { PATIENT, type Session } from '../session/session.js';
import { AttemptFailedError, programHandler, type Step } from '../worker/handle.js';
import { defineCommand } from './command.js';

interface WorkerFlags {
  readonly agent?: string;
  readonly capacity: number;
  readonly lease: string;
  readonly timeout?: string;
  readonly grace: string;
  readonly tags?: string[];
  readonly capabilities?: string[];
  readonly model?: string;
  readonly resume?: boolean;
  readonly once?: boolean;
}

/** How long a program may take to end after SIGKILL. */
const KILL_MS = 5_000;

export const worker = defineCommand({
  name: 'worker',
  summary: 'Claims tasks for an agent and runs a program for each of them.',
  use: 'Use it to make any program an agent. It gets the task as JSON on standard input and in MC_TASK_* variables; what it writes to standard output is the result; a line such as "::progress 40 Reading the logs" reports progress; exit code 42 asks people what it has written; any other exit code but 0 fails the attempt. When the task is lost it gets SIGTERM, and SIGKILL after --grace.',
  avoid: 'A program that claims by itself uses "task claim" or the SDK.',
  examples: [
    `mc worker --agent scout -- ./handle.sh`,
    `mc worker --agent scout --capacity 2 --timeout 30m -- sh -c 'claude -p "$MC_TASK_TITLE"'`,
  ],
  options: (command) =>
    command
      .usage('[options] -- <command> [arguments...]')
      .argument('<command...>', 'The program and its arguments, after --.')
      .option('--agent <name>', 'The agent. A key that is bound to an agent needs none.')
      .option('--capacity <number>', 'How many tasks at once.', toNumber, 1)
      .option('--lease <duration>', 'The length of a lease.', '60s')
      .option('--timeout <duration>', 'How long a program may run: 30m.')
      .option('--grace <duration>', 'How long it may take to end after SIGTERM.', '10s')
      .option('--tags <list>', 'Only tasks with all of these tags.', toList)
      .option('--capabilities <list>', 'Only these capabilities of the agent.', toList)
      .option('--model <name>', 'The model with which the program works, for the record of its attempts.')
      .option(
        '--resume',
        'Begins with the tasks that the agent already holds: for an agent with a single worker.',
      )
      .addOption(new Option('--once', 'Ends after one task.')),
  run: runWorker,
});

async function runWorker(session: Session, command: Command): Promise<void> {
  const flags = command.opts<WorkerFlags>();
  const [program = '', ...args] = command.args;
  if (program === '') throw new UsageError('Which program? mc worker --agent scout -- ./handle.sh');
  const { printer, signal, env } = session;
  const note = (error: unknown) => printer.note(error instanceof Error ? error.message : String(error));
  const graceMs = toMs('--grace', flags.grace);
  let broken: CommandError | undefined;
  const handle = programHandler({
    command: program,
    args,
    env,
    timeoutMs: flags.timeout === undefined ? undefined : toTimeoutMs(flags.timeout),
    graceMs,
    onStep: (step) => {
      void printer.entry({ data: step, view: () => lines(stepLine(step)) });
      if (flags.once && step.event !== 'started') void running.stop({ finishWithinMs: graceMs });
    },
    onBroken: (error) => {
      broken = error;
      void running.stop();
    },
    onError: note,
  });
  const running = makeWorker(await session.client(PATIENT), flags, {
    handle,
    // A program gets SIGTERM when its task is lost, and ends after the grace at the latest.
    graceMs: graceMs + KILL_MS,
    onError: (error) => error instanceof AttemptFailedError || note(error),
  });
  signal.addEventListener('abort', () => void running.stop(), { once: true });
  if (signal.aborted) throw new InterruptedError('Interrupted.');
  printer.note(
    `Waiting for tasks${flags.agent ? ` of ${flags.agent}` : ''}. Ctrl-C gives back what is held.`,
  );
  await running.run();
  if (broken) throw broken;
  if (signal.aborted) throw new InterruptedError('Everything was given back.');
}

function makeWorker(
  client: Parameters<typeof createWorker>[0],
  { agent, capacity, lease, tags, capabilities, model, resume }: WorkerFlags,
  handling: Pick<Parameters<typeof createWorker>[1], 'handle' | 'graceMs' | 'onError'>,
): Worker {
  try {
    return createWorker(client, {
      ...handling,
      capacity,
      leaseSeconds: toMs('--lease', lease) / 1_000,
      ...(agent === undefined ? {} : { agent }),
      ...(tags === undefined ? {} : { tags }),
      ...(capabilities === undefined ? {} : { capabilities }),
      ...(model === undefined ? {} : { model }),
      ...(resume === undefined ? {} : { resume }),
    });
  } catch (error) {
    if (error instanceof RangeError && !(error instanceof MissionControlError))
      throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

function stepLine({ event, ref, title, detail }: Step): string {
  return `${ref} ${event}: ${oneLine(detail ?? title)}`;
}

function toNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number)) throw new InvalidArgumentError('Write a whole number.');
  return number;
}

/** @throws UsageError for no time at all: every attempt would fail at once. */
function toTimeoutMs(text: string): number {
  const milliseconds = toMs('--timeout', text);
  if (milliseconds > 0) return milliseconds;
  throw new UsageError(
    '--timeout must be longer than zero. Leave it out for a program that may run without a limit.',
  );
}

/** @throws UsageError for what is no duration. */
function toMs(option: string, text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${option}: ${reason}`, { cause: error });
  }
}

function toList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
