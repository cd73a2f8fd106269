import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a postmaster listens: on a socket in its data folder, or on a port of the loopback interface. */
export type Address = { readonly kind: 'socket' } | { readonly kind: 'port'; readonly port: number };

/** The role that owns everything in the cluster. */
export const superuser = 'mission_control';
/** The database that the server uses. */
export const databaseName = 'mission_control';

/** File in the data folder with the superuser's password. Only TCP connections need it. */
export const passwordFile = 'mission-control.password';

/** The port number is part of the socket's file name, even if no port is open. */
export const socketPort = 5432;

/**
 * Whether the folder can contain the socket: its path has to fit into `sun_path`, which has 108 bytes with the closing zero
 * on Linux and 104 elsewhere.
 */
export function fitsSocket(folder: string, platform: string = process.platform): boolean {
  if (platform === 'win32') return false;
  return Buffer.byteLength(join(folder, `.s.PGSQL.${socketPort}`)) < (platform === 'linux' ? 108 : 104);
}

/**
 * What the PG… variables of the environment could change about a connection, such as PGOPTIONS, PGREPLICATION and PGSSLMODE.
 * The embedded PostgreSQL is this server's own, so each is given in the URL, which overrides the environment.
 */
const OVERRIDES = [
  'sslmode=disable',
  'sslnegotiation=postgres',
  'client_encoding=UTF8',
  'replication=false',
  `options=${encodeURIComponent('-c TimeZone=UTC')}`,
].join('&');

/** Builds a URL that node-postgres, Prisma's adapter and psql all accept. */
export async function connectionStringTo(
  folder: string,
  address: Address,
  database: string,
): Promise<string> {
  if (address.kind === 'socket') {
    const host = encodeURIComponent(folder);
    return `postgresql://${superuser}@localhost:${socketPort}/${database}?host=${host}&${OVERRIDES}`;
  }
  const password = (await readFile(join(folder, passwordFile), 'utf8')).trim();
  return `postgresql://${superuser}:${password}@127.0.0.1:${address.port}/${database}?${OVERRIDES}`;
}
