import type { Environment } from '../../config/variables.js';
import type { Client, RetryPolicy } from '../../sdk/index.js';
import { createPrinter, type Printer } from '../output/printer.js';
import { type Connection, findConnection, type GlobalOptions, toClient } from './connection.js';

/** What the program takes from its surroundings. */
export interface Surroundings {
  readonly env: Environment;
  /** Aborted when the user interrupts the command. */
  readonly signal: AbortSignal;
  /** Lets the process go on after the command. */
  readonly hold: () => void;
}

/** What a command works with. */
export interface Session {
  readonly env: Environment;
  readonly options: GlobalOptions;
  readonly printer: Printer;
  /** Aborted when the user interrupts the command. */
  readonly signal: AbortSignal;
  /** Lets the process go on after the command, with signals of its own: the command was a server. */
  hold(): void;
  connection(): Promise<Connection>;
  /** @param retry - how often requests are repeated; a few times within seconds if left out. */
  client(retry?: Partial<RetryPolicy>): Promise<Client>;
}

/** The session of one command. */
export function createSession(options: GlobalOptions, { env, signal, hold }: Surroundings): Session {
  const connection = () => findConnection(options, env);
  return {
    env,
    options,
    printer: createPrinter(options, env),
    signal,
    hold,
    connection,
    client: async (retry) => toClient(await connection(), options, retry),
  };
}

/** The pauses of commands that go on for long: they survive a restart of the server. */
export const PATIENT: Partial<RetryPolicy> = { retries: 8, maxPauseMs: 15_000 };
