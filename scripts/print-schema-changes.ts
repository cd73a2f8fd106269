// Writes docs/schema-changes.md: what changed between schema/released.graphql and the code.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Change, CriticalityLevel, diff } from '@graphql-inspector/core';
import { buildSchema as parseSchema } from 'graphql';
import { buildSchema } from '../src/graphql/schema.js';
import { printSortedSchema } from '../src/graphql/schema-text.js';

/**
 * The changes of the schema since the last release. Descriptions are left out, because no client depends on them, and so
 * are the directives that repeat another change.
 */
export async function schemaChanges(): Promise<readonly Change[]> {
  const released = readFileSync(new URL('../schema/released.graphql', import.meta.url), 'utf8');
  const changes = await diff(parseSchema(released), parseSchema(printSortedSchema(buildSchema())));
  return changes.filter(({ type }) => !/DESCRIPTION|^DIRECTIVE_USAGE/.test(type));
}

const SECTIONS = [
  [CriticalityLevel.Breaking, 'Breaking'],
  [CriticalityLevel.Dangerous, 'May change what a client gets'],
  [CriticalityLevel.NonBreaking, 'Compatible'],
] as const;

/** The document that lists the changes. */
export function describeChanges(changes: readonly Change[]): string {
  const head = [
    '# Changes of the schema since the last release',
    'Written by `npm run docs` with graphql-inspector, which compares `schema/released.graphql` with the code. A breaking change fails a test. A release replaces `schema/released.graphql` by `schema/schema.graphql`.',
  ];
  const sections = SECTIONS.map(([level, title]) => {
    const messages = changes
      .filter(({ criticality }) => criticality.level === level)
      .map(({ message }) => `- ${message.replaceAll("'", '`')}`)
      .sort();
    return `## ${title}\n\n${messages.join('\n') || 'None.'}`;
  });
  return `${[...head, ...sections].join('\n\n')}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const page = new URL('../docs/schema-changes.md', import.meta.url);
  writeFileSync(page, describeChanges(await schemaChanges()));
}
