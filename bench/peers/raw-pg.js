import pg from 'pg';

const TAKE = {
  name: 'take',
  text: `UPDATE jobs SET taken_at = now() WHERE id = (SELECT id FROM jobs WHERE taken_at IS NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id`,
};

/** The floor: a table of jobs and prepared statements of the driver, with this many connections. */
export async function open(connectionString, connections) {
  const pool = new pg.Pool({ connectionString, max: connections });
  pool.on('error', () => undefined);
  await pool.query('CREATE TABLE jobs (id bigserial PRIMARY KEY, payload jsonb, taken_at timestamptz)');
  await pool.query('CREATE INDEX ON jobs (id) WHERE taken_at IS NULL');
  return {
    addOne: () => pool.query({ name: 'add', text: 'INSERT INTO jobs (payload) VALUES ($1)', values: ['{}'] }),
    addMany: (count) =>
      pool.query("INSERT INTO jobs (payload) SELECT '{}' FROM generate_series(1, $1::int)", [count]),
    /** Works off this many waiting jobs, and returns the jobs a second. */
    async work(count, concurrency) {
      const begun = performance.now();
      let left = count;
      const loop = async () => {
        while (left > 0) {
          left -= 1;
          const { rows } = await pool.query(TAKE);
          await pool.query({ name: 'end', text: 'DELETE FROM jobs WHERE id = $1', values: [rows[0].id] });
        }
      };
      await Promise.all(Array.from({ length: concurrency }, loop));
      return (count * 1_000) / (performance.now() - begun);
    },
    close: () => pool.end(),
  };
}
