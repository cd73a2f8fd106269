import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withCommands } from '../../scripts/print-cli.js';
import { installSkills } from '../../src/cli/commands/skills.js';
import { exitCodes } from '../../src/cli/failures.js';
import { createProgram } from '../../src/cli/program.js';

const read = (page: string) => readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8');
const page = read('cli.md');
const program = createProgram({ env: {}, signal: new AbortController().signal, hold: () => undefined });

/** The commands in the shell blocks of a page: the words after `mc` up to the first argument. */
function commandsOf(text: string): string[] {
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  return blocks.flatMap((block) =>
    [...block.matchAll(/(?:^|[ (])mc ([a-z]+(?:-[a-z]+)*(?: [a-z]+(?:-[a-z]+)*)?)/gm)].map(
      ([, words = '']) => words,
    ),
  );
}

describe('docs/cli.md', () => {
  it('is what the code prints; if not, run npx tsx scripts/print-cli.ts', () => {
    expect(withCommands(page)).toBe(page);
  });

  it('names every exit code', () => {
    for (const code of Object.values(exitCodes)) expect(page).toContain(`| ${code} |`);
  });
});

describe.each(['cli.md', 'connecting.md'])('the commands in docs/%s', (name) => {
  it.each([...new Set(commandsOf(read(name)))])('has mc %s', (words) => {
    const [first = '', second] = words.split(' ');
    const group = program.commands.find((command) => command.name() === first);
    expect(group).toBeDefined();
    const isGroup = (group?.commands.length ?? 0) > 0;
    if (isGroup) expect(group?.commands.map((command) => command.name())).toContain(second);
  });
});

describe('mc skills install', () => {
  it('is described where agents are connected', () => {
    expect(read('connecting.md')).toContain(`mc ${installSkills.name}`);
  });
});
