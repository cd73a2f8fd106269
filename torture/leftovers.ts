import { setTimeout as delay } from 'node:timers/promises';
import type { Leftover } from './judge/evidence.js';
import type { World } from './world/world.js';

/** How long servers get to close what belongs to clients that have gone, in milliseconds. */
const SETTLE_MS = 20_000;

/** What a server may have more than when it was ready: its pools are filled, and its code is compiled. */
const MORE_FILES = 40;
const MORE_MB = 300;

/** Connections of one server to PostgreSQL: its pools, the connection for claims and the listener. */
const CONNECTIONS = 30;

/** Measures what is left when all clients have gone. Waits until it is normal, or the time is over. */
export async function measureLeftovers(world: World): Promise<Leftover[]> {
  for (let waitedMs = 0; ; waitedMs += 500) {
    const found = await measure(world);
    if (waitedMs >= SETTLE_MS || found.every((each) => each.found <= each.most)) return found;
    await delay(500);
  }
}

async function measure({ posts, pool }: World): Promise<Leftover[]> {
  const servers = await Promise.all(
    posts.map(async ({ server, door }, place) => {
      const { atStart, now } = await server.usage();
      const name = `server ${place + 1}`;
      return [
        { name, unit: 'MB', found: now.residentMb, most: atStart.residentMb + MORE_MB },
        { name, unit: 'open files', found: now.files, most: atStart.files + MORE_FILES },
        // The clients of the suite keep one connection for each door open for a while.
        { name, unit: 'connections of clients', found: door.open(), most: 60 },
      ];
    }),
  );
  const { rows } = await pool.query<{ open: number; idle: number; waiting: number }>(
    `SELECT count(*)::int AS open,
       count(*) FILTER (WHERE state LIKE 'idle in transaction%' AND state_change < now() - interval '5 s')::int AS idle,
       count(*) FILTER (WHERE wait_event_type = 'Lock')::int AS waiting
     FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
  );
  const { open, idle, waiting } = rows[0] ?? { open: 0, idle: 0, waiting: 0 };
  const name = 'PostgreSQL';
  return [
    ...servers.flat(),
    { name, unit: 'connections', found: open, most: posts.length * CONNECTIONS + 10 },
    { name, unit: 'idle transactions', found: idle, most: 0 },
    { name, unit: 'waits for locks', found: waiting, most: 0 },
  ];
}
