import { Command, CommanderError, Option } from 'commander';
import { textOf } from '../config/variables.js';
import { VERSION } from '../sdk/index.js';
import { verbs } from '../verbs/registry.js';
import type { Verb } from '../verbs/verb.js';
import { commands } from './commands/commands.js';
import { ending, nouns, placesText, purpose } from './help.js';
import { helpCommand } from './help-command.js';
import { needsBody, optionsOf } from './input/options.js';
import { readInput } from './input/read-input.js';
import { neededCommands } from './needed-commands.js';
import type { GlobalOptions } from './session/connection.js';
import { createSession, PATIENT, type Session, type Surroundings } from './session/session.js';
import { runStream } from './stream.js';

/**
 * The command line with all its commands.
 *
 * @param args - the words that will be parsed: other commands get no options then. Without them all commands are complete.
 */
export function createProgram(surroundings: Surroundings, args?: readonly string[]): Command {
  const names = [...commands, ...verbs].map(({ name }) => name);
  const isNeeded = args === undefined ? () => true : neededCommands(names, args);
  const program = withGlobals(
    new Command('mc')
      .description('Mission Control: hands work to AI agents.')
      .version(VERSION, '-V, --version', 'Prints the version.'),
  );
  program
    .helpOption('-h, --help', 'Shows this help.')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  const groups = new Map<string, Command>();
  for (const command of commands)
    attach(program, groups, command.name, (made) => {
      if (isNeeded(command.name)) command.define(made, sessionOf(surroundings));
    });
  for (const verb of verbs)
    attach(program, groups, verb.name, (made) => {
      if (isNeeded(verb.name)) defineVerbCommand(made, verb, surroundings);
    });
  program.addCommand(helpCommand(program));
  return program;
}

function withGlobals(command: Command): Command {
  return command
    .addOption(new Option('--url <url>', 'The address of the server; else MC_URL, else that of mc login.'))
    .addOption(new Option('--api-key <key>', 'The API key; else MC_API_KEY, else that of mc login.'))
    .option('--json', 'Prints JSON: the default when the output is piped.')
    .option('--plain', 'Prints tables and lines, also when the output is piped.')
    .option('--fields <list>', 'Prints only these fields: ref,assignee.name')
    .option('--no-color', 'Prints no colours, like NO_COLOR.')
    .option('--verbose', 'Writes each request to standard error, with keys masked.');
}

/** A command of two words belongs to a group, which is made with its first command. */
function attach(
  program: Command,
  groups: Map<string, Command>,
  name: string,
  define: (command: Command) => void,
): void {
  const [first = '', second] = name.split(' ');
  const command = new Command(second ?? first).exitOverride().copyInheritedSettings(program);
  define(command);
  if (second === undefined) return void program.addCommand(command);
  const group =
    groups.get(first) ??
    program
      .command(first)
      .helpCommand(false)
      .description(nouns[first] ?? '');
  groups.set(first, group);
  group.addCommand(command);
}

function sessionOf(surroundings: Surroundings): (command: Command) => Session {
  return (command) => createSession(command.optsWithGlobals<GlobalOptions>(), surroundings);
}

function defineVerbCommand(command: Command, verb: Verb, surroundings: Surroundings): void {
  command.description(purpose(verb)).summary(verb.summary).addHelpText('after', ending(verb));
  for (const field of verb.places ?? [])
    command.argument(`[${field}]`, verb.input.shape[field]?.description ?? '');
  for (const option of optionsOf(verb)) command.addOption(option);
  const body = new Option(
    '--body <json>',
    'The input as a JSON object, as @file, or as - for standard input.',
  );
  command.addOption(body.hideHelp(verb.effect.readOnly && !needsBody(verb)));
  if (verb.name === 'events watch')
    command.option('--state <file>', 'Keeps the cursor in this file, and goes on after it.');
  command.usage([placesText(verb), '[options]'].filter(Boolean).join(' '));
  command.action(async (...given: unknown[]) => {
    const session = sessionOf(surroundings)(command);
    const { state, ...options } = command.opts<Record<string, unknown>>();
    const places = given.slice(0, verb.places?.length ?? 0) as (string | undefined)[];
    const input = await readInput(verb, { places, options, editor: editorOf(session) });
    if (verb.kind === 'stream')
      return runStream(session, verb, input, typeof state === 'string' ? state : undefined);
    const answer = await verb.run(await session.client(retryOf(input)), input, { signal: session.signal });
    await session.printer.answer(answer);
  });
}

/** A call that waits for work anyway waits for a server that restarts as well. */
function retryOf(input: unknown) {
  const isWaiting = typeof input === 'object' && input !== null && 'waitSeconds' in input;
  return isWaiting ? PATIENT : undefined;
}

/** Without a terminal no editor is opened. */
function editorOf({ env }: Session): string | undefined {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return undefined;
  return textOf(env, 'VISUAL') ?? textOf(env, 'EDITOR');
}

/** Whether an error only says that help or the version was printed. */
export function isHelp(error: unknown): boolean {
  return error instanceof CommanderError && error.exitCode === 0;
}
