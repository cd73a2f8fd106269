// Writes the typed documents of schema/operations into <folder>/operations.ts, and those of the dashboard's views into a
// file each in <folder>/dashboard, so that each view loads its own documents only; npm run generate calls it.
//   tsx codegen.ts <folder>
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { codegen } from '@graphql-codegen/core';
import * as typescriptOperations from '@graphql-codegen/typescript-operations';
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  stripIgnoredCharacters,
  visit,
} from 'graphql';
import { mutationOf, queryOf } from './src/sdk/operations/document-text.js';

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
  plugin: (_schema: unknown, files: { document?: DocumentNode }[], { folder }: { folder: string }) => {
    const definitions = files.flatMap(({ document }) => document?.definitions ?? []);
    const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
    const constants = inOrderOfUse(fragments).map(
      (fragment) =>
        `const ${fragment.name.value}: Part = [${[JSON.stringify(minify(fragment)), ...namesOfSpreads(fragment)].join(', ')}];`,
    );
    const documents = definitions
      .filter((definition) => definition.kind === Kind.OPERATION_DEFINITION)
      .map(writeDocument);
    const helpers = ['join', 'mutationOf', 'queryOf'].filter((name) =>
      documents.some((document) => document.includes(` = ${name}(`)),
    );
    const names = ['type Part', ...helpers].join(', ');
    return {
      prepend: [`import { ${names} } from '${folder}sdk/operations/document-text.js';`],
      content: [DOCUMENT_TYPE, ...constants, ...documents].join('\n'),
    };
  },
};

const DOCUMENT_TYPE = `
/** A GraphQL document. At run time it is its text; the types are those of its result and its variables. */
export type TypedDocument<Result, Variables> = string & { readonly __apiType?: (variables: Variables) => Result };
`;

/** The constant of an operation. */
function writeDocument(operation: OperationDefinitionNode): string {
  const name = operation.name?.value ?? '';
  const kind = capitalized(operation.operation);
  const spreads = [...namesOfSpreads(operation)];
  const call =
    shortFormOf(operation, spreads) ?? `join(${[JSON.stringify(minify(operation)), ...spreads].join(', ')})`;
  return `export const ${name}Document = ${call} as TypedDocument<${name}${kind}, ${name}${kind}Variables>;`;
}

/**
 * A call that makes the text of an operation from its field, if it makes exactly this text; otherwise null. Such texts repeat the name of
 * the field three times: without the calls, the operations of a client would be a third larger.
 */
function shortFormOf(operation: OperationDefinitionNode, spreads: readonly string[]): string | null {
  const text = minify(operation);
  const [, kind = '', variables = '', field = '', selected = ''] =
    /^(mutation|query) \w+(?:\((.*?)\))?\{(\w+)(?:\([^)]*\))?\{(.*)\}\}$/.exec(text) ?? [];
  const isMutation = kind === 'mutation';
  const body = isMutation ? selected.replace(/errors\{\.\.\.Refusal\}$/, '') : selected;
  const made = isMutation ? mutationOf(field, body, [], variables) : queryOf(field, body, [], variables);
  if (made !== text) return null;
  const usual = isMutation ? `$input:${capitalized(field)}Input!` : '';
  const parts = [JSON.stringify(field), JSON.stringify(body), `[${spreads.join(', ')}]`];
  return `${kind}Of(${[...parts, ...(variables === usual ? [] : [JSON.stringify(variables)])].join(', ')})`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The fragments, each after those that it spreads. */
function inOrderOfUse(fragments: readonly FragmentDefinitionNode[]): FragmentDefinitionNode[] {
  const byName = new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
  const sorted = new Set<FragmentDefinitionNode>();
  const add = (fragment: FragmentDefinitionNode) => {
    for (const name of namesOfSpreads(fragment)) {
      const inner = byName.get(name);
      if (inner && !sorted.has(inner)) add(inner);
    }
    sorted.add(fragment);
  };
  for (const fragment of fragments) add(fragment);
  return [...sorted];
}

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

async function write(filename: string, documents: readonly Source[], folder: string): Promise<void> {
  const text = await codegen({
    filename,
    schema,
    documents: [...documents],
    config,
    plugins: [{ operations: {} }, { documents: { folder } }],
    pluginMap: { operations: typescriptOperations, documents: documentTexts },
  });
  await mkdir(dirname(filename), { recursive: true });
  await writeFile(filename, text);
}

const schema = parse(await readFile(new URL('schema/schema.graphql', root), 'utf8'));
const operations = await readDocuments('schema/operations/');
await write(join(target, 'operations.ts'), operations, '../');
const views = await readDocuments('src/dashboard/');
for (const view of views) {
  if (!view.document.definitions.some(({ kind }) => kind === Kind.OPERATION_DEFINITION)) continue;
  const others = [...operations, ...views.filter((other) => other !== view)];
  const name = `${basename(view.location, '.graphql')}.ts`;
  await write(
    join(target, 'dashboard', name),
    [{ ...view, document: withFragments(view, others) }],
    '../../',
  );
}
