// Writes the reference of all commands into docs/cli.md: npx tsx scripts/print-cli.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { commands } from '../src/cli/commands/commands.js';
import { type HelpText, nouns } from '../src/cli/help.js';
import { createProgram } from '../src/cli/program.js';
import { verbs } from '../src/verbs/registry.js';

const begin = '<!-- commands:begin, written by scripts/print-cli.ts -->';
const end = '<!-- commands:end -->';

/** Replaces the reference in the document by the current one. @throws Error if the document has no markers. */
export function withCommands(document: string): string {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the document has no "${begin}" … "${end}"`);
  return [document.slice(0, from + begin.length), reference(), document.slice(to)].join('\n\n');
}

function reference(): string {
  const program = createProgram({ env: {}, signal: new AbortController().signal, hold: () => undefined });
  const texts: readonly (HelpText & { readonly name: string })[] = [...verbs, ...commands];
  const groups = [...new Set(texts.map(nounOf))].toSorted(
    (one, other) => Number(one === '') - Number(other === ''),
  );
  return groups
    .map((noun) => {
      const members = texts.filter((text) => nounOf(text) === noun);
      const heading = noun === '' ? '### Further commands' : `### mc ${noun}\n\n${nouns[noun] ?? ''}`;
      return [heading, ...members.map((text) => section(text, find(program, text.name)))].join('\n\n');
    })
    .join('\n\n');
}

/** The group of a command of two words; one word belongs to none. */
function nounOf({ name }: { readonly name: string }): string {
  return name.includes(' ') ? (name.split(' ')[0] ?? '') : '';
}

function find(program: Command, name: string): Command {
  return name.split(' ').reduce<Command>((command, word) => {
    const found = command.commands.find((inner) => inner.name() === word);
    if (found === undefined) throw new Error(`the program has no command "${name}"`);
    return found;
  }, program);
}

function section(
  { name, summary, use, avoid, examples }: HelpText & { name: string },
  command: Command,
): string {
  const rows = [
    ...command.registeredArguments.map((argument) => row(argument.name(), argument.description)),
    ...command.options
      .filter(({ hidden }) => !hidden)
      .map(({ flags, description }) => row(flags, description)),
  ];
  const table =
    rows.length === 0 ? [] : [['| Argument or option | Meaning |', '| --- | --- |', ...rows].join('\n')];
  const example = `\`\`\`sh\n${examples.join('\n')}\n\`\`\``;
  return [
    `#### mc ${name}`,
    `\`mc ${name} ${command.usage()}\``,
    `${summary} ${use} ${avoid}`,
    ...table,
    example,
  ].join('\n\n');
}

function row(name: string, description: string): string {
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '\\<');
  return `| \`${name.replaceAll('|', '\\|')}\` | ${cell(description)} |`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const page = fileURLToPath(new URL('../docs/cli.md', import.meta.url));
  writeFileSync(page, withCommands(readFileSync(page, 'utf8')));
}
