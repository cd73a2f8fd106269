import { setTimeout as delay } from 'node:timers/promises';
import type { FaultName } from '../plan/fault-kinds.js';
import type { Fault } from '../plan/plan.js';
import type { Link } from './link.js';
import type { Post, World } from './world.js';

/** Does the fault, waits, and mends what it has broken. */
type Act = (world: World, post: Post, fault: Fault) => Promise<void>;

/** Faults of the same thing come one after the other: a frozen server can't be stopped, a stopped one not be frozen. */
const queues = new WeakMap<object, Promise<void>>();

/** Does a fault of a plan. Resolves when it is over and mended. */
export function doFault(world: World, fault: Fault): Promise<void> {
  const post = world.posts[fault.target % world.posts.length];
  if (post === undefined) throw new Error('a world has at least one server');
  const subject = subjectOf(world, post, fault.kind);
  const turn = (queues.get(subject) ?? Promise.resolve()).then(() => ACTS[fault.kind](world, post, fault));
  queues.set(
    subject,
    turn.catch(() => undefined),
  );
  return turn;
}

function subjectOf(world: World, { server, door, link }: Post, kind: FaultName): object {
  if (kind.startsWith('server.')) return server;
  if (kind.startsWith('door.')) return door;
  if (kind.startsWith('link.')) return link;
  return kind.startsWith('clock.') ? server.clock : world.postgres;
}

const ACTS: Readonly<Record<FaultName, Act>> = {
  'server.kill': (_, post, { forMs }) => restart(post, 'SIGKILL', forMs),
  'server.stop': (_, post, { forMs }) => restart(post, 'SIGTERM', forMs),
  async 'server.freeze'(_, { server }, { forMs }) {
    server.freeze();
    await delay(forMs);
    server.thaw();
  },
  'clock.jump': (_, { server }, { size }) => server.clock.jumpTo(size),
  'door.cut': async (_, { door }) => door.cut(),
  'door.refuse': (_, { door }, { forMs }) => during(door, forMs, () => door.refuse()),
  'door.stall': (_, { door }, { forMs }) => during(door, forMs, () => door.stall()),
  'door.half-open': (_, { door }, { forMs }) => during(door, forMs, () => door.halfOpen()),
  'door.delay': (_, { door }, { forMs, size }) => during(door, forMs, () => door.delay(size)),
  'link.cut': async (_, { link }) => link.cut(),
  'link.refuse': (_, { link }, { forMs }) => during(link, forMs, () => link.refuse()),
  'link.stall': (_, { link }, { forMs }) => during(link, forMs, () => link.stall()),
  'link.half-open': (_, { link }, { forMs }) => during(link, forMs, () => link.halfOpen()),
  'link.delay': (_, { link }, { forMs, size }) => during(link, forMs, () => link.delay(size)),
  async 'postgres.stop'({ postgres }, _, { forMs }) {
    await postgres.stop();
    await delay(forMs);
    await postgres.start();
  },
  async 'postgres.crash'(world) {
    await world.postgres.crash();
    await untilPostgresAnswers(world);
  },
  async 'postgres.backend'(world) {
    const { rows } = await world.pool.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
       AND client_addr IS NULL ORDER BY backend_start DESC LIMIT 1`,
    );
    const [backend] = rows;
    if (backend !== undefined) world.postgres.killBackend(backend.pid);
    await untilPostgresAnswers(world);
  },
  async 'postgres.freeze'({ postgres }, _, { forMs }) {
    await postgres.freeze();
    await delay(forMs);
    postgres.thaw();
  },
  'postgres.lock': holdTasks,
  async 'disk.full'(world, _, { forMs }) {
    await world.disk.fill();
    await delay(forMs);
    await world.disk.free();
    // A PostgreSQL that could not write its log of transactions has ended, and is started again until it can.
    await untilPostgresAnswers(world);
  },
  async 'schedule.back'({ pool }) {
    // As if the clock of the database had been set back: due times that were handled, and older ones that were not.
    await pool.query(
      `UPDATE recurring_tasks SET next_due_at = date_trunc('minute', now()) - interval '5 minutes'
       WHERE paused_at IS NULL`,
    );
  },
};

async function restart({ server }: Post, signal: 'SIGKILL' | 'SIGTERM', forMs: number): Promise<void> {
  await server.end(signal);
  await delay(forMs);
  await server.start();
}

async function during(link: Link, forMs: number, begin: () => void): Promise<void> {
  begin();
  await delay(forMs);
  link.mend();
}

/** Another program locks some tasks in a transaction that stays open. */
async function holdTasks({ pool }: World, _: Post, { forMs }: Fault): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query(
      `SELECT FROM tasks WHERE status IN ('INBOX', 'ASSIGNED', 'IN_PROGRESS', 'REVIEW') ORDER BY id LIMIT 5
       FOR UPDATE SKIP LOCKED`,
    );
    await delay(forMs);
    await client.query('ROLLBACK');
    client.release();
  } catch {
    client.release(true);
  }
}

/** Waits until PostgreSQL answers, at most two minutes. */
async function untilPostgresAnswers({ pool }: World): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const isThere = await pool.query('SELECT 1').then(
      () => true,
      () => false,
    );
    if (isThere) return;
    await delay(200);
  }
  throw new Error('PostgreSQL did not answer within two minutes');
}
