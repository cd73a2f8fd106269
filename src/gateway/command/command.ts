import { identifyProcess } from '../../kernel/process-identity.js';
import type { Gateway, GatewayAnswer, GatewayCall, GatewayHooks } from '../gateway.js';
import { type CallEnd, createOpenCalls } from '../open-calls.js';
import { type AgentOutput, createAgentOutput } from './agent-output.js';
import { type CommandLine, fillCommandLine } from './command-line.js';
import { findProgramMistake, isFolder } from './find-program.js';
import { type Isolation, NO_ISOLATION } from './isolation.js';
import { type Program, type ProgramStart, SandboxError, startProgram } from './program.js';
import { toAnswer } from './program-answer.js';
import { recoverProgram } from './recover-program.js';
import { behindGate } from './start-gate.js';
import { describeWork, type WorkFacts } from './work-facts.js';

export interface CommandSettings {
  /** The program and its arguments. fillCommandLine describes the placeholders. */
  readonly argv: readonly string[];
  /** The working folder of programs. Undefined for the server's own. */
  readonly folder: string | undefined;
  /** How programs are kept away from the server's secrets. Default: not at all. */
  readonly isolation?: Isolation | undefined;
  /** The environment variables that programs get. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The address of this server for the programs; null before it listens. */
  readonly url?: (() => string | null) | undefined;
  /** Whether each program gets an API key of its agent for the time of its run. */
  readonly givesKey?: boolean | undefined;
}

/** The machine has no resources for another program now. Every other reason not to start is permanent. */
const TRANSIENT = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM']);

/** No call can start the program: it is missing, may not be executed, or is no program. */
const UNSTARTABLE = new Set(['ENOENT', 'EACCES', 'EPERM', 'ENOTDIR', 'ENOEXEC', 'ELOOP']);

const INSTALL =
  'Install the program for the user that runs the server, or change MC_COMMAND or MC_COMMAND_DIR.';

const SANDBOX =
  'Look at what the sandbox says, and start the server again: it chooses a sandbox that works, or see MC_COMMAND_SANDBOX.';

/** Creates a gateway that runs a program for each call: the prompt is its standard input, the answer its standard output. */
export function createCommandGateway(settings: CommandSettings): Gateway {
  const running = new Set<Program>();
  const calls = createOpenCalls();
  // A process that calls `exit` no longer runs promises, but it runs this listener.
  const killAll = () => {
    for (const program of running) program.kill();
  };
  process.once('exit', killAll);

  async function run(call: GatewayCall, hooks: GatewayHooks, end: CallEnd): Promise<GatewayAnswer> {
    const line = readLine(settings, call);
    if ('outcome' in line) return line;
    const facts = await describeWork(call.work, {
      url: settings.url?.() ?? null,
      givesKey: settings.givesKey === true,
      owner: settings.isolation?.ids ?? null,
    });
    try {
      return await runProgram(call, hooks, end, line, facts);
    } finally {
      await facts.dispose();
    }
  }

  async function runProgram(
    call: GatewayCall,
    hooks: GatewayHooks,
    end: CallEnd,
    line: CommandLine,
    facts: WorkFacts,
  ): Promise<GatewayAnswer> {
    const output = createAgentOutput();
    const program = await start(settings, line, facts, (piece) => {
      output.push(piece);
      const said = output.said();
      if (said !== null) hooks.onProgress?.(said);
    });
    if ('outcome' in program) return program;
    running.add(program);
    try {
      return await runToEnd(program, { call, line, output, hooks, end });
    } finally {
      running.delete(program);
    }
  }

  return {
    name: 'command',
    kind: 'command',
    send: (call, hooks) => calls.run(call.timeoutMs, hooks, (end) => run(call, hooks, end)),
    recover: recoverProgram,
    async probe() {
      const error = await findProgramMistake({
        ...settings,
        isHidden: (settings.isolation ?? NO_ISOLATION).isHidden,
      });
      return error === null ? { reachable: true, error } : { reachable: false, error, remedy: INSTALL };
    },
    async close() {
      await calls.close();
      process.off('exit', killAll);
    },
  };
}

function readLine({ argv }: CommandSettings, call: GatewayCall): CommandLine | GatewayAnswer {
  try {
    return fillCommandLine(argv, call);
  } catch (error) {
    if (error instanceof RangeError) return { outcome: 'FAILED', error: error.message, permanent: true };
    throw error;
  }
}

async function start(
  settings: CommandSettings,
  { argv }: CommandLine,
  facts: WorkFacts,
  onOutput: ProgramStart['onOutput'],
): Promise<Program | GatewayAnswer> {
  const { argv: template, folder, environment, isolation = NO_ISOLATION } = settings;
  const mistake = await findMistake(settings, argv, isolation);
  if (mistake !== null) return mistake;
  try {
    return await startProgram({
      argv: await isolation.wrap(behindGate(argv), facts.folder === null ? [] : [facts.folder]),
      cwd: folder,
      env: { ...environment, ...isolation.environment, ...facts.environment },
      ids: isolation.ids,
      isSandboxed: isolation.isSandboxed,
      onOutput,
    });
  } catch (error) {
    if (error instanceof SandboxError)
      return { outcome: 'BROKEN', error: `The sandbox can't be made: ${error.message}`, remedy: SANDBOX };
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    const message = `The program ${argv[0]} could not be started: ${code}.`;
    if (TRANSIENT.has(code)) return { outcome: 'NOT_BEGUN', error: message, retryAfterMs: null };
    if (UNSTARTABLE.has(code) && template[0] === argv[0])
      return { outcome: 'BROKEN', error: message, remedy: INSTALL };
    return { outcome: 'FAILED', error: message, permanent: true };
  }
}

/**
 * A program that is missing is looked for beforehand, because the gate and a sandbox do start without it, and so does an
 * interpreter without its script.
 */
async function findMistake(
  { argv: template, folder, environment }: CommandSettings,
  argv: readonly string[],
  { isHidden }: Isolation,
): Promise<GatewayAnswer | null> {
  if (folder !== undefined && !(await isFolder(folder)))
    return { outcome: 'BROKEN', error: `The folder ${folder} for programs does not exist.`, remedy: INSTALL };
  const isOfCall = template[0] !== argv[0];
  const error = await findProgramMistake({ argv: isOfCall ? argv : template, folder, environment, isHidden });
  if (error === null) return null;
  // The call and not the settings is at fault where the call names the program.
  if (isOfCall) return { outcome: 'FAILED', error, permanent: true };
  return { outcome: 'BROKEN', error, remedy: INSTALL };
}

interface ProgramRun {
  readonly call: GatewayCall;
  readonly output: AgentOutput;
  readonly line: CommandLine;
  readonly hooks: GatewayHooks;
  readonly end: CallEnd;
}

/**
 * The program begins only after what identifies it was stored. So a successor that finds nothing stored knows that the
 * program did nothing, and one that finds it can end the program.
 */
async function runToEnd(
  program: Program,
  { call, line, output, hooks, end }: ProgramRun,
): Promise<GatewayAnswer> {
  const stop = () => program.stop();
  end.signal.addEventListener('abort', stop, { once: true });
  try {
    const identity = await identifyProcess(program.pid);
    const state = { pid: program.pid, identity };
    await hooks.onAccepted({ gatewayRunId: `pid ${program.pid}`, state, mustBeStored: true });
    if (end.signal.aborted) stop();
    else program.begin(line.input);
    const programEnd = await program.ended;
    return toAnswer(programEnd, output.report(), { end, timeoutMs: call.timeoutMs });
  } catch (error) {
    program.kill();
    await program.ended;
    throw error;
  } finally {
    end.signal.removeEventListener('abort', stop);
  }
}
