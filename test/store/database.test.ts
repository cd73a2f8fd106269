import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { createInstrument } from '../../src/kernel/instrument.js';
import { createDatabase } from '../../src/store/database.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

it('opens connections that plan as they should, with the options that the operator gives them', async () => {
  const url = new URL(test.url);
  url.searchParams.set('options', '-c work_mem=5MB');
  const database = createDatabase({ connectionString: url.href, instrument: createInstrument() });
  onTestFinished(() => database.close());
  const settings = `SELECT current_setting('work_mem') AS work_mem, current_setting('jit') AS jit,
    current_setting('enable_seqscan') AS walks`;
  const answers = [
    await database.pool.query(settings),
    await database.claimLine.run((connection) => connection.query(settings)),
  ];
  for (const { rows } of answers) expect(rows).toEqual([{ work_mem: '5MB', jit: 'off', walks: 'off' }]);
});
