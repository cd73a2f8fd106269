import type { Environment } from '../../config/variables.js';
import type { ClaimedTask, Handler, Run } from '../../sdk/index.js';
import { CommandError } from '../failures.js';
import { readOutput, storable } from './output.js';
import { type Ending, type Program, runProgram } from './program.js';
import { latestOnly } from './progress.js';
import { ASK_EXIT_CODE, readQuestion } from './question.js';
import { taskDocument, taskEnvironment } from './task-environment.js';

/** What a worker runs for each task. */
export interface HandlerOptions extends Pick<Program, 'command' | 'args' | 'timeoutMs' | 'graceMs'> {
  readonly env: Environment;
  /** Told what happens to a task. */
  readonly onStep: (step: Step) => void;
  /** Told that the program cannot be started at all. */
  readonly onBroken: (error: CommandError) => void;
  readonly onError: (error: unknown) => void;
}

/** What has happened to a task. */
export interface Step {
  readonly event: 'started' | 'ended' | 'failed' | 'stopped' | 'asked';
  readonly ref: string;
  readonly title: string;
  readonly runId: string;
  readonly detail: string | null;
}

/** The attempt has failed, and a step has said so. */
export class AttemptFailedError extends Error {}

/** How much of what a program has written to standard error goes into the error of its attempt. */
const ERROR_TAIL = 2_000;

/** A handler that runs a program for each task. */
export function programHandler(options: HandlerOptions): Handler {
  return async (task, run) => {
    const step = (event: Step['event'], detail: string | null = null) =>
      options.onStep({ event, ref: task.ref, title: task.title, runId: run.id, detail });
    step('started');
    let hasEnded = false;
    const report = latestOnly<Parameters<Run['progress']>>(
      (progress) => (run.signal.aborted || hasEnded ? Promise.resolve() : run.progress(...progress)),
      // A report that is overtaken by the result says nothing new.
      (error) => hasEnded || options.onError(error),
    );
    const output = readOutput((message, percent) => report([message.slice(0, 1_000), percent]));
    const errors = tailOf(ERROR_TAIL);
    const ending = await start(task, run, { ...options, output, errors });
    hasEnded = true;
    if (ending === null) return undefined;
    if (run.signal.aborted) {
      step('stopped', run.signal.reason instanceof Error ? run.signal.reason.message : null);
      throw run.signal.reason;
    }
    const said = output.end();
    if (ending.code === ASK_EXIT_CODE && said !== '') {
      step('asked', said.slice(0, 200));
      await run.ask(readQuestion(said));
      throw new Error('The program asked again what was answered: see "questions" on its standard input.');
    }
    const failure = failureOf(options, ending, errors.text());
    step(failure === null ? 'ended' : 'failed', failure);
    if (failure !== null) throw new AttemptFailedError(failure);
    return said || 'The program ended without output.';
  };
}

interface Channels {
  readonly output: { add(chunk: Buffer): void };
  readonly errors: { add(chunk: Buffer): void };
}

/** Null if the program cannot be started: then the task is given back, because it is not its fault. */
async function start(
  task: ClaimedTask,
  run: Run,
  options: HandlerOptions & Channels,
): Promise<Ending | null> {
  const { command, args, timeoutMs, graceMs, env, output, errors } = options;
  try {
    return await runProgram({
      ...{ command, args, timeoutMs, graceMs },
      env: { ...env, ...taskEnvironment(task, run) },
      stdin: taskDocument(task, run),
      signal: run.signal,
      onOutput: (chunk) => output.add(chunk),
      onError: (chunk) => {
        errors.add(chunk);
        process.stderr.write(chunk);
      },
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `${command} cannot be started: ${reason}`;
    await run.release(message);
    options.onBroken(new CommandError(message, { code: 'PROGRAM_NOT_STARTED', cause: error }));
    return null;
  }
}

function failureOf({ command, timeoutMs }: HandlerOptions, ending: Ending, errors: string): string | null {
  if (ending.isTimeout)
    return withTail(`${command} did not end within ${(timeoutMs ?? 0) / 1_000} seconds`, errors);
  if (ending.code === 0) return null;
  const how = ending.signal === null ? `with exit code ${ending.code}` : `by ${ending.signal}`;
  return withTail(`${command} was ended ${how}`, errors);
}

function withTail(text: string, errors: string): string {
  return errors.trim() === '' ? `${text}.` : `${text}:\n${errors.trim()}`;
}

function tailOf(longest: number): { add(chunk: Buffer): void; text(): string } {
  let kept = Buffer.alloc(0);
  return {
    add(chunk) {
      kept = Buffer.concat([kept, chunk]).subarray(-longest);
    },
    text: () => storable(kept.toString('utf8')),
  };
}
