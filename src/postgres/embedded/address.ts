import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a postmaster listens: a socket in its own data folder, or a port of this machine only. */
export type Address = { readonly kind: 'socket' } | { readonly kind: 'port'; readonly port: number };

/** Both the role that owns everything in the cluster and the database the server works in. */
export const superuser = 'mission_control';
export const databaseName = 'mission_control';

/** In the data folder; needed over TCP only. */
export const passwordFile = 'mission-control.password';

/** The port's number is part of the socket's name, so it has one even where no port is opened. */
export const socketPort = 5432;

/**
 * Whether a socket can lie in the folder: its path has to fit into `sun_path`, 108 bytes with the closing zero on Linux
 * and 104 elsewhere.
 */
export function fitsSocket(folder: string, platform: string = process.platform): boolean {
  if (platform === 'win32') return false;
  return Buffer.byteLength(join(folder, `.s.PGSQL.${socketPort}`)) < (platform === 'linux' ? 108 : 104);
}

/** A URL that node-postgres, Prisma's adapter and psql understand alike. */
export async function connectionStringTo(
  folder: string,
  address: Address,
  database: string,
): Promise<string> {
  // Without sslmode a PGSSLMODE in the environment would ask for what a local cluster hasn't got.
  if (address.kind === 'socket') {
    const host = encodeURIComponent(folder);
    return `postgresql://${superuser}@localhost:${socketPort}/${database}?host=${host}&sslmode=disable`;
  }
  const password = (await readFile(join(folder, passwordFile), 'utf8')).trim();
  return `postgresql://${superuser}:${password}@127.0.0.1:${address.port}/${database}?sslmode=disable`;
}
