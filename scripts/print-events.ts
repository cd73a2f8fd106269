// Writes the tables of events and their payloads into docs/events.md: npx tsx scripts/print-events.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { listPayloadFields, PAYLOAD_FIELDS } from '../src/domain/events/event-payload.js';
import { EVENT_KINDS, isEventType } from '../src/domain/events/event-types.js';

const begin = '<!-- events:begin, written by scripts/print-events.ts -->';
const end = '<!-- events:end -->';

/** Replaces the tables of the document by current ones. @throws Error if the document has no markers. */
export function withEvents(document: string): string {
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the document has no "${begin}" … "${end}"`);
  const parts = [document.slice(0, from + begin.length), events(), payload(), document.slice(to)];
  return parts.join('\n\n');
}

function events(): string {
  const head = ['| Type | Meaning | GraphQL type | Payload |', '| --- | --- | --- | --- |'];
  const rows = Object.keys(EVENT_KINDS)
    .filter(isEventType)
    .map((type) => {
      const { meaning, graphqlType } = EVENT_KINDS[type];
      return `| \`${type}\` | ${meaning} | \`${graphqlType}\` | ${codes(listPayloadFields(type))} |`;
    });
  return [...head, ...rows].join('\n');
}

function payload(): string {
  const head = ['| Payload field | Meaning | With |', '| --- | --- | --- |'];
  const rows = Object.entries(PAYLOAD_FIELDS).map(
    ([name, { meaning, of }]) => `| \`${name}\` | ${meaning} | ${codes(of)} |`,
  );
  return [...head, ...rows].join('\n');
}

function codes(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ') || '–';
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const page = fileURLToPath(new URL('../docs/events.md', import.meta.url));
  writeFileSync(page, withEvents(readFileSync(page, 'utf8')));
}
