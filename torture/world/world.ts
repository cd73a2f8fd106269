import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { createReaper, type Reaper } from '../../test/support/servers/reaper.js';
import type { Plan } from '../plan/plan.js';
import { type Link, openLink } from './link.js';
import { type Postgres, startPostgres } from './postgres.js';
import { createServer, type Server } from './server.js';
import { mountSmallDisk, type SmallDisk } from './small-disk.js';

/** The admin key of a run. */
export const ADMIN_KEY = 'mc_admin_of_the_torture_suite';

/** The settings of all servers: short times, so that leases, backoffs and absences end within a run. */
const SETTINGS = {
  MC_API_KEY: ADMIN_KEY,
  MC_GATEWAY: 'echo',
  MC_JOB_INTERVAL: '500ms',
  MC_AGENT_TIMEOUT: '6s',
  MC_STALE_AFTER: '5s',
  MC_DISPATCH_BACKOFF: '200ms',
  MC_DISPATCH_TIMEOUT: '10s',
};

/** A server with the ways that lead to it and from it. */
export interface Post {
  readonly server: Server;
  /** Between clients and the server. */
  readonly door: Link;
  /** Between the server and PostgreSQL. */
  readonly link: Link;
}

/** Everything that a run takes place in. */
export interface World {
  readonly postgres: Postgres;
  readonly disk: SmallDisk;
  readonly posts: readonly Post[];
  /** A pool of the suite itself, which no link disturbs. */
  readonly pool: pg.Pool;
  close(): Promise<void>;
}

/** Starts PostgreSQL and the servers. */
export async function openWorld(folder: string, { processes }: Plan): Promise<World> {
  const reaper = createReaper();
  reaper.watchFolder(join(folder, 'disk'));
  const disk = await mountSmallDisk(join(folder, 'disk'));
  const postgres = await startPostgres(disk.folder);
  const pool = new pg.Pool({ connectionString: postgres.url, max: 4 });
  pool.on('error', () => undefined);
  // PostgreSQL may end a connection in the middle of a transaction.
  pool.on('connect', (connection) => connection.on('error', () => undefined));
  const posts: Post[] = [];
  for (let place = 0; place < processes; place += 1)
    posts.push(await openPost(folder, place, postgres, reaper));
  await Promise.all(posts.map(({ server }) => server.start()));
  return {
    ...{ postgres, disk, posts, pool },
    async close() {
      await Promise.all(posts.map(({ server }) => server.end('SIGTERM')));
      await Promise.all(posts.flatMap(({ door, link }) => [door.close(), link.close()]));
      await pool.end();
      await postgres.stop();
      await disk.remove();
      reaper.dismiss();
    },
  };
}

async function openPost(folder: string, place: number, postgres: Postgres, reaper: Reaper): Promise<Post> {
  const own = join(folder, `server-${place + 1}`);
  await mkdir(own, { recursive: true });
  const link = await openLink(() => postgres.target());
  const server = await createServer({
    name: `server ${place + 1}`,
    folder: own,
    reaper,
    env: { ...SETTINGS, DATABASE_URL: postgres.urlOver(link.port) },
  });
  const door = await openLink(() => {
    const port = server.port();
    return port === null ? null : { host: '127.0.0.1', port };
  });
  return { server, door, link };
}
