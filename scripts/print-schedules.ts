// Writes the table of English schedules into docs/schedules.md: npx tsx scripts/print-schedules.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseSchedule } from '../src/domain/schedule/schedule.js';
import { PHRASES } from '../test/domain/schedule/english/phrases.js';

const begin = '<!-- phrases:begin, written by scripts/print-schedules.ts -->';
const end = '<!-- phrases:end -->';

/** Replaces the table by the phrases of the tests. @throws Error if the document has no markers. */
export function withPhrases(document: string): string {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the document has no "${begin}" … "${end}"`);
  const tables = PHRASES.map(({ topic, phrases }) => {
    const rows = phrases.map(([phrase]) => {
      const { cron, text } = parseSchedule(phrase);
      return `| ${phrase} | \`${cron}\` | ${text} |`;
    });
    return [`| ${topic} | cron | Plain English |`, '| --- | --- | --- |', ...rows].join('\n');
  });
  return [document.slice(0, from + begin.length), ...tables, document.slice(to)].join('\n\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const page = fileURLToPath(new URL('../docs/schedules.md', import.meta.url));
  writeFileSync(page, withPhrases(readFileSync(page, 'utf8')));
}
