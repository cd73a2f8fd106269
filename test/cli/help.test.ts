import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.js';

const program = createProgram({ env: {}, signal: new AbortController().signal, hold: () => undefined });

/** A command and all below it, each with its words. */
function listCommands(command: Command, path: string): { path: string; command: Command }[] {
  return [
    { path, command },
    ...command.commands.flatMap((inner) => listCommands(inner, `${path} ${inner.name()}`)),
  ];
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

const commands = listCommands(program, 'mc');
const leaves = commands.filter(({ command }) => command.commands.length === 0 && command.name() !== 'help');

describe('the help', () => {
  it.each(commands)('of $path reads as it was agreed on', ({ command }) => {
    expect(helpOf(command)).toMatchSnapshot();
  });

  it.each(commands)('of $path says what it is for', ({ command }) => {
    expect(command.description()).toMatch(/\w+ .*\.$/);
  });

  it.each(leaves)('of $path has a purpose, two examples and the exit codes', ({ path, command }) => {
    const help = helpOf(command);
    expect(
      help.split('\n').filter((line) => line.startsWith('  ') && line.includes(`${path}`)).length,
    ).toBeGreaterThanOrEqual(2);
    expect(help).toContain('Exit codes: 0 ok');
    expect(command.description().length).toBeGreaterThan(30);
  });
});
