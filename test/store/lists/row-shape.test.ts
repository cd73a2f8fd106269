import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sql } from '../../../src/postgres/sql-text.js';
import { readRows, shapeOf } from '../../../src/store/lists/row-shape.js';
import type { TaskRow } from '../../../src/store/tasks/tasks.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres/database.js';

let test: TestDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  test = await createTestDatabase();
  pool = new pg.Pool({ connectionString: test.url });
});
afterAll(async () => {
  await pool.end();
  await test.drop();
});

it('reads every instant as it was written, to the millisecond, and null as null', async () => {
  const anyInstant = fc.date({
    min: new Date(0),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  });
  const instants = [new Date(0), new Date('9999-12-31T23:59:59.999Z'), null, ...fc.sample(anyInstant, 5_000)];
  const rows = await readRows<TaskRow>(
    pool,
    shapeOf('Task', ['dueAt']),
    sql`SELECT n::text AS id, at::timestamptz(3) AS due_at
      FROM unnest(${instants.map((at) => at?.toISOString() ?? null)}::text[]) WITH ORDINALITY AS u(at, n) ORDER BY n`,
  );
  expect(rows.map(({ dueAt }) => dueAt)).toEqual(instants);
});

it('reads integers beyond the safe integers of JSON', async () => {
  const numbers = [1n, 2n ** 53n + 1n, 2n ** 63n - 1n];
  const rows = await readRows<TaskRow>(
    pool,
    shapeOf('Task', ['number']),
    sql`SELECT n::text AS id, n AS number FROM unnest(${numbers.map(String)}::bigint[]) n`,
  );
  expect(rows.map(({ number }) => number)).toEqual(numbers);
});
