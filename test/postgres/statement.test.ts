import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Unavailable } from '../../src/kernel/unavailable.js';
import { preparedNameOf } from '../../src/postgres/prepared-names.js';
import { identifier, sql, toStatement } from '../../src/postgres/sql-text.js';
import { query } from '../../src/postgres/statement.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';

let test: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  test = await createTestDatabase();
  client = new pg.Client({ connectionString: test.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await test.drop();
});

const listPrepared = async () =>
  (await client.query<{ name: string }>('SELECT name FROM pg_prepared_statements ORDER BY name')).rows;

it('runs two texts that were given one name, each as itself', async () => {
  const one = { name: 'read_now', text: 'SELECT 1 AS n' };
  const two = { name: 'read_now', text: 'SELECT 2 AS n' };
  expect(await query(client, one)).toEqual([{ n: 1 }]);
  expect(await query(client, two)).toEqual([{ n: 2 }]);
  expect(await query(client, one)).toEqual([{ n: 1 }]);
});

it('answers UNAVAILABLE once if a newer server has added a column, and then prepares the text again', async () => {
  const other = new pg.Client({ connectionString: test.url });
  await other.connect();
  await other.query('CREATE TABLE grown (a int); INSERT INTO grown VALUES (1)');
  const read = { name: 'read_grown', text: 'SELECT * FROM grown' };
  expect(await query(client, read)).toEqual([{ a: 1 }]);
  await other.query('ALTER TABLE grown ADD b int');
  await other.end();
  await expect(query(client, read)).rejects.toThrow(Unavailable);
  expect(await query(client, read)).toEqual([{ a: 1, b: null }]);
});

it('prepares a text once, whichever values it is sent with', async () => {
  const before = (await listPrepared()).length;
  for (const n of [1, 2, 3])
    expect(await query(client, { name: 'add', text: 'SELECT $1::int + 1 AS n', values: [n] })).toEqual([
      { n: n + 1 },
    ]);
  expect(await listPrepared()).toHaveLength(before + 1);
});

it('gives labels of any length names that PostgreSQL does not cut off', () => {
  const label = 'a'.repeat(80);
  const names = ['SELECT 1', 'SELECT 2'].map((text) => preparedNameOf(label, text));
  expect(new Set(names).size).toBe(2);
  for (const name of names) expect(name.length).toBeLessThanOrEqual(63);
});

it('prepares at most 300 of the texts that are built from what clients send', async () => {
  const before = (await listPrepared()).length;
  for (let n = 0; n < 400; n += 1)
    await query(client, toStatement(sql`SELECT ${n}::int AS ${identifier(`n${n}`)}`));
  expect((await listPrepared()).length - before).toBeLessThanOrEqual(300);
});
