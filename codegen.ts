// Writes the typed documents of schema/operations; npm run generate calls it.
//   tsx codegen.ts <file>
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codegen } from '@graphql-codegen/core';
import * as typedDocumentNode from '@graphql-codegen/typed-document-node';
import * as typescriptOperations from '@graphql-codegen/typescript-operations';
import { parse } from 'graphql';

const root = new URL('./', import.meta.url);
const [target] = process.argv.slice(2);
if (target === undefined) throw new Error('Name the file to write.');

/** What the API's own scalars are in JSON. */
const scalars = {
  ID: 'string',
  Cursor: 'string',
  DateTime: 'string',
  Duration: 'string',
  TimeZone: 'string',
  JSONObject: 'Record<string, unknown>',
};

const config = {
  scalars,
  strictScalars: true,
  immutableTypes: true,
  enumType: 'string-literal',
  // A text, so that a client needs no GraphQL library to send it.
  documentMode: 'string' as never,
  useTypeImports: true,
};

async function readDocuments() {
  const folder = new URL('schema/operations/', root);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.graphql')).sort();
  return Promise.all(
    names.map(async (name) => ({
      location: `schema/operations/${name}`,
      document: parse(await readFile(new URL(name, folder), 'utf8')),
    })),
  );
}

const text = await codegen({
  filename: target,
  schema: parse(await readFile(new URL('schema/schema.graphql', root), 'utf8')),
  documents: await readDocuments(),
  config,
  plugins: [{ operations: {} }, { documents: {} }],
  pluginMap: { operations: typescriptOperations, documents: typedDocumentNode },
});
await mkdir(dirname(target), { recursive: true });
await writeFile(target, text);
