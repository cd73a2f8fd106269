import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findPackageFolder } from '../../kernel/package-folder.js';
import type { TypedDocument } from '../../sdk/index.js';
import { UsageError } from '../failures.js';
import { longText } from '../input/long-text.js';
import { PATIENT } from '../session/session.js';
import { defineCommand } from './command.js';

export const graphql = defineCommand({
  name: 'graphql',
  summary: 'Sends a GraphQL document of your own and prints its data as JSON.',
  use: 'Use it for what no other command offers, such as further fields or any object by its id.',
  avoid: 'The other commands are shorter and have help.',
  examples: [
    `mc graphql '{ viewer { role } }'`,
    `mc graphql 'query($id: ID!) { node(id: $id) { id } }' --var id=task_01k8…`,
  ],
  options: (command) =>
    command
      .argument('<document>', 'The document, as @file, or as - for standard input.')
      .option('--var <name=value>', 'A variable; a value that is JSON is taken as JSON.', collect, []),
  async run(session, command) {
    const document = (await longText(command.args[0] ?? '')) as TypedDocument<object, object>;
    const variables = toVariables(command.opts<{ var: string[] }>().var);
    const { signal, printer } = session;
    if (/^\s*subscription\b/m.test(document)) {
      const client = await session.client(PATIENT);
      for await (const data of client.subscribe(document, variables, { signal }))
        await printer.text(`${JSON.stringify(data)}\n`);
      return;
    }
    const data = await (await session.client()).request(document, variables, { signal });
    await printer.text(`${JSON.stringify(data, null, process.stdout.isTTY ? 2 : 0)}\n`);
  },
});

function collect(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}

function toVariables(pairs: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const place = pair.indexOf('=');
      if (place < 1) throw new UsageError(`--var ${pair}: write name=value.`);
      return [pair.slice(0, place), parseValue(pair.slice(place + 1))];
    }),
  );
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export const schema = defineCommand({
  name: 'schema',
  summary: 'Prints the schema of the API, with a description of everything.',
  use: 'Use it to write documents for "graphql" and clients in other languages.',
  avoid: 'It is the schema of this version: "server-info" shows the version of the server.',
  examples: ['mc schema', 'mc schema > schema.graphql'],
  async run({ printer }) {
    await printer.text(await readFile(join(findPackageFolder(), 'schema', 'schema.graphql'), 'utf8'));
  },
});
