import { readFileSync } from 'node:fs';
import { isIntrospectionType, isObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schema } from '../support/graphql/live-graph.js';
import { askRows, changesRows, listOperations } from './ask-cells.js';
import { type Seeded, seed } from './seed.js';
import { COLUMNS, openWorld, type World } from './world.js';

let world: World;
let seeded: Seeded;

beforeAll(async () => {
  world = await openWorld();
  seeded = await seed(world);
});
afterAll(() => world.close());

/** The object types of the schema; those whose calls change rows come last. */
const types = Object.values(schema.getTypeMap())
  .filter(isObjectType)
  .filter((type) => !isIntrospectionType(type))
  .sort((a, b) => Number(changesRows(a)) - Number(changesRows(b)));

/** The expected cells by field, from the table. */
const table = new Map(
  readFileSync(new URL('matrix.txt', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => line.split(/\s+/))
    .map(([name = '', ...cells]) => [name, cells.join(' ')]),
);

describe.each(types.map((type) => [type.name, type] as const))('the fields of %s', (name, type) => {
  it('are shown to each key as matrix.txt says', async () => {
    const rows = await askRows(world, seeded, type);
    const actual = Object.entries(rows).map(([field, cells]) => ({ field: `${name}.${field}`, cells }));
    const unreachable = actual.filter(({ cells }) => cells.includes(null)).map(({ field }) => field);
    expect(unreachable, explainRoute(name)).toEqual([]);
    const missing = actual.filter(({ field }) => !table.has(field)).map(toLine);
    expect(missing, explainRow(missing)).toEqual([]);
    expect(actual.map(toLine)).toEqual(actual.map(({ field }) => `${field} ${table.get(field)}`));
  });
});

describe('the table', () => {
  it('has no row of a field that does not exist', () => {
    const fields = types.flatMap((type) =>
      Object.keys(type.getFields()).map((field) => `${type.name}.${field}`),
    );
    const unknown = [...table.keys()].filter((field) => !fields.includes(field));
    expect(unknown, 'Remove these rows from test/access/matrix.txt.').toEqual([]);
  });

  it('has one cell for each key', () => {
    const wrong = [...table].filter(([, cells]) => cells.split(' ').length !== COLUMNS.length);
    expect(wrong).toEqual([]);
  });
});

describe.each(['no key', 'a revoked key'])('a request with %s', (which) => {
  it('is refused before its operation is read, for every root field and every type', async () => {
    const secret = which === 'no key' ? null : world.revokedSecret;
    const operations = listOperations(seeded);
    const answers = await Promise.all(
      operations.map(async (operation) => ({ operation, ...(await world.ask(secret, operation)) })),
    );
    const refused = { status: 401, data: null, codes: ['UNAUTHENTICATED'] };
    expect(answers).toEqual(operations.map((operation) => ({ operation, ...refused })));
  });
});

function toLine({ field, cells }: { readonly field: string; readonly cells: readonly (string | null)[] }) {
  return `${field} ${cells.join(' ')}`;
}

function explainRoute(name: string): string {
  return `test/access has no way to these fields: add the root fields to QUERIES (routes.ts), MUTATIONS (calls.ts) or SUBSCRIPTIONS (subscriptions.ts), or the type ${name} to ROUTES (routes.ts) or ANSWERS (calls.ts), with an instance in seed.ts.`;
}

function explainRow(missing: readonly string[]): string {
  return `These fields have no row in test/access/matrix.txt. Decide what each key may get (${COLUMNS.join(', ')}) and add the rows. The server answers now:\n${missing.join('\n')}\n`;
}
