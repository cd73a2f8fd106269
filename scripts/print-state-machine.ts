// Writes the diagram and the table of a task's transitions into docs/state-machine.md: npx tsx scripts/print-state-machine.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FIRST_STATUSES, isTerminal, TASK_STATUSES, TRANSITIONS } from '../src/domain/tasks/task-status.js';

const begin = '<!-- moves:begin, written by scripts/print-state-machine.ts -->';
const end = '<!-- moves:end -->';

/** Replaces the diagram and the table by current ones. @throws Error if the document has no markers. */
export function withStateMachine(document: string): string {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the document has no "${begin}" … "${end}"`);
  const parts = [document.slice(0, from + begin.length), diagram(), table(), document.slice(to)];
  return parts.join('\n\n');
}

function diagram(): string {
  const lines = [
    ...FIRST_STATUSES.map((status) => `[*] --> ${status}: create`),
    ...TRANSITIONS.map(({ from, to, by }) => `${from} --> ${to}: ${by.join(', ')}`),
    ...TASK_STATUSES.filter(isTerminal).map((status) => `${status} --> [*]`),
  ];
  return ['```mermaid', 'stateDiagram-v2', ...lines.map((line) => `    ${line}`), '```'].join('\n');
}

function table(): string {
  const head = ['| From | To | By |', '| --- | --- | --- |'];
  const first = FIRST_STATUSES.map((status) => `| – | \`${status}\` | create |`);
  const moves = TRANSITIONS.map(({ from, to, by }) => `| \`${from}\` | \`${to}\` | ${by.join(', ')} |`);
  return [...head, ...first, ...moves].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const page = fileURLToPath(new URL('../docs/state-machine.md', import.meta.url));
  writeFileSync(page, withStateMachine(readFileSync(page, 'utf8')));
}
