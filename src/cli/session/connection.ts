import type { Environment } from '../../config/variables.js';
import { textOf } from '../../config/variables.js';
import { type Client, createClient, type RetryPolicy } from '../../sdk/index.js';
import { NoKeyError, UsageError } from '../failures.js';
import { readLogin } from './config-file.js';
import { lightFetch } from './light-fetch.js';
import { loggingFetch } from './logging-fetch.js';

const DEFAULT_URL = 'http://127.0.0.1:4000';

/** The options that every command has. */
export interface GlobalOptions {
  readonly url?: string;
  readonly apiKey?: string;
  readonly json?: boolean;
  readonly plain?: boolean;
  readonly fields?: string;
  readonly verbose?: boolean;
  /** False with `--no-color`. */
  readonly color?: boolean;
}

/** Where a command sends its requests. */
export interface Connection {
  readonly url: string;
  readonly apiKey: string | undefined;
  /** Where the address and the key come from, for people. */
  readonly source: { readonly url: string; readonly apiKey: string };
  /** The address of a login whose key was not taken, because it is not for this address. */
  readonly loginElsewhere: string | undefined;
}

/**
 * The address and the key: from the options, then from the environment, then from the login. The key of the login is sent only
 * to the address of the login.
 */
export async function findConnection(options: GlobalOptions, env: Environment): Promise<Connection> {
  const given = first([
    [options.url, '--url'],
    [textOf(env, 'MC_URL'), 'MC_URL'],
  ]);
  const givenKey = first([
    [options.apiKey, '--api-key'],
    [textOf(env, 'MC_API_KEY'), 'MC_API_KEY'],
  ]);
  const login = given && givenKey ? null : await readLogin(env);
  const url = given ?? first([[login?.url, 'mc login']]) ?? { value: DEFAULT_URL, from: 'the default' };
  const ofLogin = login && isSame(login.url, url.value) ? login.apiKey : undefined;
  const key = givenKey ?? first([[ofLogin, 'mc login']]);
  return {
    url: url.value,
    apiKey: key?.value,
    source: { url: url.from, apiKey: key?.from ?? 'nowhere' },
    loginElsewhere: key === undefined ? login?.url : undefined,
  };
}

function first(
  candidates: readonly (readonly [string | undefined, string])[],
): { readonly value: string; readonly from: string } | undefined {
  const found = candidates.find(([value]) => value !== undefined);
  return found?.[0] === undefined ? undefined : { value: found[0], from: found[1] };
}

function isSame(one: string, other: string): boolean {
  const plain = (url: string) => url.replace(/\/+$/, '').replace(/\/graphql$/, '');
  return plain(one) === plain(other);
}

/** A command gives up soon, so that a script sees that the server does not answer. */
const QUICK: RetryPolicy = { retries: 3, maxPauseMs: 1_000 };

/** Why there is no key, and what to do. */
export function noKeyAdvice({ url, loginElsewhere }: Connection): {
  readonly why: string;
  readonly remedy: string;
} {
  if (loginElsewhere === undefined)
    return { why: 'There is no API key.', remedy: 'Keep one with mc login, or set MC_API_KEY.' };
  return {
    why: `There is no API key for ${url}: the login is for ${loginElsewhere}.`,
    remedy: `Keep one with mc login --url ${url}, or set MC_API_KEY.`,
  };
}

/** The key. @throws NoKeyError if there is none. */
export function keyOf(connection: Connection): string {
  if (connection.apiKey !== undefined) return connection.apiKey;
  const { why, remedy } = noKeyAdvice(connection);
  throw new NoKeyError(`${why} ${remedy}`);
}

/** A client of the server. @throws NoKeyError if there is no key. */
export function toClient(
  connection: Connection,
  { verbose = false }: GlobalOptions,
  retry: Partial<RetryPolicy> = QUICK,
): Client {
  const { url } = connection;
  const apiKey = keyOf(connection);
  try {
    const fetch = verbose ? loggingFetch(apiKey) : lightFetch;
    return createClient({ url, apiKey, name: 'mc', retry, fetch });
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}
