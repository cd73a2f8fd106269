// Writes the table of settings into docs/operations.md: npx tsx scripts/print-settings.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { listSettings, type Setting } from '../src/config/settings.js';

const begin = '<!-- settings:begin, written by scripts/print-settings.ts -->';
const end = '<!-- settings:end -->';

/** Replaces the table of settings by a current one. @throws Error if the document has no markers. */
export function withSettingsTable(document: string): string {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the document has no "${begin}" … "${end}"`);
  return `${document.slice(0, from + begin.length)}\n\n${settingsTable()}\n\n${document.slice(to)}`;
}

function settingsTable(): string {
  const head = ['| Variable | Default | Accepts | Meaning |', '| --- | --- | --- | --- |'];
  return [...head, ...listSettings().map(settingRow)].join('\n');
}

function settingRow({ name, kind, default: fallback, description }: Setting<unknown>): string {
  const cells = [`\`${name}\``, fallback ? `\`${fallback}\`` : '–', kind.description ?? '', description];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const page = fileURLToPath(new URL('../docs/operations.md', import.meta.url));
  writeFileSync(page, withSettingsTable(readFileSync(page, 'utf8')));
}
