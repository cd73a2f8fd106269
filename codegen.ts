// Writes the typed documents of schema/operations into <folder>/operations.ts, and those of the dashboard's views into a
// file each in <folder>/dashboard, so that each view loads its own documents only; npm run generate calls it.
//   tsx codegen.ts <folder>
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { codegen } from '@graphql-codegen/core';
import * as typescriptOperations from '@graphql-codegen/typescript-operations';
import { type DocumentNode, Kind, parse, print, stripIgnoredCharacters, visit } from 'graphql';

const root = new URL('./', import.meta.url);
const [target] = process.argv.slice(2);
if (target === undefined) throw new Error('Name the folder to write to.');

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
  useTypeImports: true,
};

/**
 * The documents as texts, so that a client needs no GraphQL library to send them. A fragment is one constant that all
 * documents share: written out in each of them, the texts would be four times as large in a browser's bundle.
 */
const documentTexts = {
  plugin: (_schema: unknown, files: { document?: DocumentNode }[]) => {
    const definitions = files.flatMap(({ document }) => document?.definitions ?? []);
    const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
    const spreads = new Map(fragments.map((fragment) => [fragment.name.value, namesOfSpreads(fragment)]));
    const lines = [DOCUMENT_TYPE];
    for (const fragment of fragments)
      lines.push(`const ${fragment.name.value} = ${JSON.stringify(minify(fragment))};`);
    for (const operation of definitions) {
      if (operation.kind !== Kind.OPERATION_DEFINITION || !operation.name) continue;
      const name = operation.name.value;
      const type = `${name}${operation.operation[0]?.toUpperCase()}${operation.operation.slice(1)}`;
      const parts = [JSON.stringify(minify(operation)), ...allSpreads(operation, spreads)];
      lines.push(
        `export const ${name}Document = join(${parts.join(', ')}) as TypedDocument<${type}, ${type}Variables>;`,
      );
    }
    return lines.join('\n');
  },
};

const DOCUMENT_TYPE = `
/** A GraphQL document. At run time it is its text; the types are those of its result and its variables. */
export type TypedDocument<Result, Variables> = string & { readonly __apiType?: (variables: Variables) => Result };

// A bundle drops the calls whose documents it does not use. It would keep what is joined with +.
/* @__NO_SIDE_EFFECTS__ */
function join(...texts: readonly string[]): string {
  return texts.join('');
}
`;

type Definition = DocumentNode['definitions'][number];

function minify(definition: Definition): string {
  return stripIgnoredCharacters(print(definition));
}

function namesOfSpreads(definition: Definition): Set<string> {
  const names = new Set<string>();
  visit(definition, { FragmentSpread: ({ name }) => void names.add(name.value) });
  return names;
}

function allSpreads(definition: Definition, spreads: Map<string, Set<string>>): Set<string> {
  const found = namesOfSpreads(definition);
  // A set visits what is added while it is read.
  for (const name of found) for (const inner of spreads.get(name) ?? []) found.add(inner);
  return found;
}

type Source = { readonly location: string; readonly document: DocumentNode };

async function readDocuments(path: string): Promise<Source[]> {
  const names = await readdir(new URL(path, root), { recursive: true });
  return Promise.all(
    names
      .filter((name) => name.endsWith('.graphql'))
      .sort()
      .map(async (name) => {
        const location = `${path}${name}`;
        return { location, document: parse(await readFile(new URL(location, root), 'utf8')) };
      }),
  );
}

/** The document with the fragments of other documents that it spreads. */
function withFragments({ document }: Source, others: readonly Source[]): DocumentNode {
  const known = [document, ...others.map((other) => other.document)]
    .flatMap(({ definitions }) => definitions)
    .filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  const spreads = new Map(known.map((fragment) => [fragment.name.value, namesOfSpreads(fragment)]));
  const used = new Set(document.definitions.flatMap((definition) => [...allSpreads(definition, spreads)]));
  const own = new Set<Definition>(document.definitions);
  const added = known.filter((fragment) => used.has(fragment.name.value) && !own.has(fragment));
  return { ...document, definitions: [...added, ...document.definitions] };
}

async function write(filename: string, documents: readonly Source[]): Promise<void> {
  const text = await codegen({
    filename,
    schema,
    documents: [...documents],
    config,
    plugins: [{ operations: {} }, { documents: {} }],
    pluginMap: { operations: typescriptOperations, documents: documentTexts },
  });
  await mkdir(dirname(filename), { recursive: true });
  await writeFile(filename, text);
}

const schema = parse(await readFile(new URL('schema/schema.graphql', root), 'utf8'));
const operations = await readDocuments('schema/operations/');
await write(join(target, 'operations.ts'), operations);
const views = await readDocuments('src/dashboard/');
for (const view of views) {
  if (!view.document.definitions.some(({ kind }) => kind === Kind.OPERATION_DEFINITION)) continue;
  const others = [...operations, ...views.filter((other) => other !== view)];
  const name = `${basename(view.location, '.graphql')}.ts`;
  await write(join(target, 'dashboard', name), [{ ...view, document: withFragments(view, others) }]);
}
