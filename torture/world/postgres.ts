import { readdir, readFile } from 'node:fs/promises';
import type { NetConnectOpts } from 'node:net';
import { join } from 'node:path';
import { createInstrument } from '../../src/kernel/instrument.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/postgres/embedded-postgres.js';

/** The PostgreSQL of a run. It is durable, because what was acknowledged must survive its crashes. */
export interface Postgres {
  /** The address for the suite itself, which no link disturbs. */
  readonly url: string;
  /** Where links connect to. */
  target(): NetConnectOpts;
  /** The address for a server that connects to a link. */
  urlOver(port: number): string;
  stop(): Promise<void>;
  /** Starts it again, or joins the one that runs. */
  start(): Promise<void>;
  /** Ends it like a crash. It is started again at once, and recovers. */
  crash(): Promise<void>;
  /** Kills one backend that a server uses, after which PostgreSQL ends all the others and recovers. */
  killBackend(pid: number): void;
  freeze(): Promise<void>;
  thaw(): void;
}

/** Settings that fit a run of minutes on a small disk. */
const SETTINGS = {
  max_connections: '200',
  max_wal_size: '64MB',
  min_wal_size: '32MB',
  wal_recycle: 'off',
};

/** @param folder - the data folder: PostgreSQL and its socket are in a subfolder. */
export async function startPostgres(folder: string): Promise<Postgres> {
  const open = () =>
    startEmbeddedPostgres({ dataDir: folder, instrument: createInstrument(), settings: SETTINGS });
  let current: EmbeddedPostgres | null = await open();
  const { connectionString: url } = current;
  let frozen: number[] = [];
  return {
    url,
    target: () => ({ path: join(folder, 'postgres', '.s.PGSQL.5432') }),
    urlOver: (port) => `postgresql://mission_control@127.0.0.1:${port}/mission_control?sslmode=disable`,
    async stop() {
      await current?.stop();
      current = null;
    },
    async start() {
      current ??= await open();
    },
    async crash() {
      process.kill(await readPostmaster(folder), 'SIGQUIT');
    },
    killBackend: (pid) => signal(pid, 'SIGKILL'),
    async freeze() {
      const postmaster = await readPostmaster(folder);
      frozen = [postmaster, ...(await listChildren(postmaster))];
      for (const pid of frozen) signal(pid, 'SIGSTOP');
    },
    thaw() {
      for (const pid of frozen) signal(pid, 'SIGCONT');
      frozen = [];
    },
  };
}

async function readPostmaster(folder: string): Promise<number> {
  return Number.parseInt(await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8'), 10);
}

async function listChildren(parent: number): Promise<number[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  return pids.filter((_, place) => stats[place]?.split(') ')[1]?.split(' ')[1] === String(parent));
}

/** A process that has ended meanwhile needs no signal. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {}
}
