import type { Client, ClientBase, PoolConfig, QueryConfig } from 'pg';

/** The driver awaits `onConnect` and discards the connection if it fails. */
export type PoolOptions = PoolConfig & { onConnect(connection: ClientBase): Promise<unknown> };

/** How long a session may take, in milliseconds; 0 is without limit. */
export interface SessionTimeouts {
  readonly statementMs: number;
  readonly idleInTransactionMs: number;
}

const NO_TIMEOUTS: SessionTimeouts = { statementMs: 0, idleInTransactionMs: 0 };

/** Longest wait for the answer that the settings are made, in milliseconds. */
const PIN_MS = 10_000;

/**
 * Settings that change what a statement means, what its result looks like or whether it ends. A database, a role, the
 * operator's URL or PGOPTIONS may set each of them differently: a German DateStyle, for example, turns every time into
 * text that the driver can't read.
 */
const MEANING: Readonly<Record<string, string>> = {
  search_path: 'public',
  client_encoding: 'UTF8',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  extra_float_digits: '1',
  bytea_output: 'hex',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  transform_null_equals: 'off',
  gin_fuzzy_search_limit: '0',
  exit_on_error: 'off',
  'plpgsql.extra_errors': 'none',
  // Compare-and-set relies on a statement that waited for a lock and then sees the row as it was committed.
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  default_transaction_deferrable: 'off',
  lock_timeout: '0',
};

/**
 * A prepared statement keeps its plan. A plan made while a table held a few rows would scan the whole table after an import,
 * until the next ANALYZE: 20 ms for each row that is read by its id. So sequential scans are off. Tables without a suitable
 * index are still scanned; but before PostgreSQL 18 the planner's cost estimate for such a scan exceeds jit_above_cost, and
 * JIT would add 100 ms to each execution. So JIT is off too.
 */
export const STEADY_PLANS: Readonly<Record<string, string>> = { enable_seqscan: 'off', jit: 'off' };

/**
 * Limits that older versions refuse by name. The listener, the connection for claims and the tenancy of the embedded
 * PostgreSQL are idle for hours.
 */
const NEWER_LIMITS = `SELECT
  CASE WHEN current_setting('server_version_num')::int >= 170000 THEN set_config('transaction_timeout', '0', false) END,
  CASE WHEN current_setting('server_version_num')::int >= 140000 THEN set_config('idle_session_timeout', '0', false) END`;

/**
 * Pins the settings of a new connection. Statements do it rather than the `options` of the connection, because those belong
 * to the operator, and because a statement overrides the settings of the database, the role and the environment.
 */
export async function pinSession(
  connection: Pick<ClientBase, 'query'>,
  { statementMs, idleInTransactionMs }: SessionTimeouts = NO_TIMEOUTS,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  const settings = {
    idle_in_transaction_session_timeout: String(idleInTransactionMs),
    ...MEANING,
    ...more,
  };
  const commands = Object.entries(settings).map(([name, value]) => `SET ${name} = ${asList(value)}`);
  // The limits of a statement and a transaction apply to these commands too, so they are lifted first, the shortest first.
  const text = [`SET statement_timeout = ${statementMs}`, NEWER_LIMITS, ...commands].join('; ');
  await connection.query({ text, query_timeout: PIN_MS } as QueryConfig);
}

/**
 * Opens a connection outside the pools and pins its settings. Its statements may take as long as they need. When PostgreSQL
 * ends the connection, the statement under way or the next one fails; the event alone would end the process.
 */
export async function connectPinned(client: Client): Promise<void> {
  client.on('error', () => undefined);
  await client.connect();
  await pinSession(client);
}

/** A quoted value with a comma would be one entry of the list. */
function asList(value: string): string {
  return value
    .split(', ')
    .map((entry) => `'${entry}'`)
    .join(', ');
}
