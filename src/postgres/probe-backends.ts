import pg from 'pg';
import { connectPinned } from './session.js';

/**
 * Backends that wait for a statement, by process id: the time since when, or `gone` for those that have ended. Null if
 * PostgreSQL does not answer.
 */
export type RestingBackends = ReadonlyMap<number, string> | null;

const NONE: RestingBackends = new Map();

/**
 * Asks PostgreSQL on a new connection which of these backends wait for a statement. A refusal, such as too many connections
 * or still starting, is an answer too, but says nothing about backends.
 */
export async function probeBackends(
  connectionString: string,
  pids: readonly number[],
  timeoutMs: number,
): Promise<RestingBackends> {
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
  });
  try {
    await connectPinned(client);
    return await findResting(client, pids);
  } catch (error) {
    return error instanceof pg.DatabaseError ? NONE : null;
  } finally {
    // Not awaited: the peer may not answer any more.
    client.end().catch(() => undefined);
  }
}

async function findResting(client: pg.Client, pids: readonly number[]): Promise<RestingBackends> {
  const { rows } = await client.query<{ own: number; pid: number | null; since: string }>(
    `SELECT pg_backend_pid() AS own, p.pid, coalesce(extract(epoch FROM a.state_change)::text, 'gone') AS since
     FROM (SELECT 1) one LEFT JOIN (unnest($1::int[]) p (pid) LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = p.pid)
       ON a.pid IS NULL OR a.state IN ('idle', 'idle in transaction', 'idle in transaction (aborted)')`,
    [pids],
  );
  // A connection pooler in between gives its clients process ids of its own.
  const isDirect = rows[0]?.own === processIdOf(client);
  return isDirect ? new Map(rows.flatMap(({ pid, since }) => (pid === null ? [] : [[pid, since]]))) : NONE;
}

/** The process id that the other side gave at the start of the connection. Null before that. */
export function processIdOf(client: pg.ClientBase): number | null {
  const { processID: id } = client as { readonly processID?: unknown };
  return typeof id === 'number' ? id : null;
}
