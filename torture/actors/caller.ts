import { setTimeout as delay } from 'node:timers/promises';
import {
  type Client,
  ConnectionError,
  createClient,
  RateLimitedError,
  RefusedError,
  TimeoutError,
  UnauthenticatedError,
  UnavailableError,
} from '../../src/sdk/index.js';
import type { Random } from '../random.js';
import type { Acknowledged, RunRecord } from '../record.js';
import type { Scene } from './scene.js';

/** What became of a call: the answer, a refusal, or nothing, which leaves open whether it was executed. */
export type Outcome<Answer> =
  | { readonly answer: Answer; readonly refused?: undefined }
  | { readonly answer?: undefined; readonly refused: string };

/** The outcome of a call that got no answer. */
const LOST = 'LOST';

/** How long a client waits for an answer beside what it asks the server to wait, in milliseconds. */
const TIMEOUT_MS = 4_000;

/** The way of one actor to the servers: a client for each door, one of them picked for each call. */
export class Caller {
  readonly random: Random;
  readonly #clients: readonly Client[];
  readonly #scene: Scene;

  constructor(
    scene: Scene,
    readonly name: string,
    readonly key: string,
    /** The only door to use; all of them if left out. */
    place?: number,
  ) {
    this.#scene = scene;
    this.random = scene.randomOf(name);
    const doors = scene.doors().filter((_, each) => place === undefined || each === place);
    this.#clients = doors.map((url) =>
      // Repeats are made here, through another door.
      createClient({ url, apiKey: key, name, timeoutMs: TIMEOUT_MS, retry: { retries: 0 } }),
    );
  }

  get record(): RunRecord {
    return this.#scene.record;
  }

  /** Calls once. */
  async once<Answer>(call: (client: Client) => Promise<Answer>): Promise<Outcome<Answer>> {
    try {
      const answer = await call(this.random.pick(this.#clients));
      this.#count('OK');
      return { answer };
    } catch (error) {
      return { refused: this.#judge(error) };
    }
  }

  /** Repeats a call until a server has answered it. The call must have the same effect when it is executed twice. */
  async ask<Answer>(call: (client: Client) => Promise<Answer>): Promise<Outcome<Answer>> {
    for (;;) {
      const outcome = await this.once(call);
      if (outcome.refused !== LOST || this.#scene.isOver()) return outcome;
      await delay(this.random.between(20, 400));
    }
  }

  acknowledge(kind: Acknowledged['kind'], id: string, value?: string | number): void {
    this.record.acknowledged.push({ kind, id, ...(value === undefined ? {} : { value }) });
  }

  complain(text: string): void {
    this.record.complaints.push(`${this.name}: ${text}`);
  }

  #count(code: string): void {
    this.record.answers[code] = (this.record.answers[code] ?? 0) + 1;
  }

  /** The code of an error. What is neither a refusal nor an outage is a complaint. */
  #judge(error: unknown): string {
    const code = codeOf(error);
    this.#count(code);
    const isOutage =
      error instanceof ConnectionError ||
      error instanceof TimeoutError ||
      error instanceof UnavailableError ||
      error instanceof RateLimitedError;
    if (isOutage) return LOST;
    if (error instanceof RefusedError || error instanceof UnauthenticatedError) return code;
    this.complain(`${code}: ${error instanceof Error ? error.message : String(error)}`);
    return code;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
}
