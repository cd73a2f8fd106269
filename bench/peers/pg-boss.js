import PgBoss from 'pg-boss';

/** The most jobs of one call in its best mode. */
const BATCH = 100;

/** Opens pg-boss on a database, with this many connections. */
export async function open(connectionString, connections) {
  const boss = new PgBoss({ connectionString, max: connections, supervise: false, schedule: false });
  boss.on('error', () => undefined);
  await boss.start();
  await boss.createQueue('nothing');
  return {
    addOne: () => boss.send('nothing', {}),
    addMany: (count) => boss.insert(Array.from({ length: count }, () => ({ name: 'nothing', data: {} }))),
    /** Works off this many waiting jobs, and returns the jobs a second. */
    async work(count, concurrency, isBest) {
      const begun = performance.now();
      let left = count;
      const loop = async () => {
        while (left > 0) {
          const wanted = isBest ? Math.min(BATCH, left) : 1;
          left -= wanted;
          const jobs = await boss.fetch('nothing', { batchSize: wanted });
          if (jobs.length === 0) throw new Error('pg-boss had no job left');
          await boss.complete(
            'nothing',
            jobs.map(({ id }) => id),
          );
          left += wanted - jobs.length;
        }
      };
      await Promise.all(Array.from({ length: concurrency }, loop));
      return (count * 1_000) / (performance.now() - begun);
    },
    close: () => boss.stop({ graceful: false, wait: true }),
  };
}
