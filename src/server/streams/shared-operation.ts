import { setTimeout as pause } from 'node:timers/promises';
import { type ExecutionArgs, type ExecutionResult, execute } from 'graphql';
import { LRUCache } from 'lru-cache';
import { createSharedViewer } from '../../graphql/events/shared-viewer.js';
import { StreamEnd } from '../../graphql/events/stream.js';
import type { OperationKind } from '../../graphql/operation-contexts.js';
import { backoffMs } from '../../kernel/backoff.js';
import type { FairQueue, Place } from '../../kernel/fair-queue.js';
import { newRequestId, randomFraction } from '../../kernel/ids.js';
import { limitAnswer, stopOnce } from '../answer-limits.js';
import type { ErrorPresenter } from '../error-presenter.js';
import type { ServerLimits } from '../limits.js';
import type { RequestScope, Viewer } from '../request-scope.js';
import { toSentResult } from '../result-response.js';

/** A result with its JSON text, which is produced once for all subscribers. */
export interface WrittenResult extends ExecutionResult {
  /** The length of the JSON text, in UTF-16 units. */
  readonly length: number;
  /** The JSON text in UTF-8. */
  readonly toBytes: () => Buffer;
}

export interface SharedOperationOptions {
  readonly createContext: (scope: RequestScope, kind: OperationKind) => object;
  readonly presenter: ErrorPresenter;
  readonly limits: ServerLimits;
  /** The turns of the keys to resolve events. */
  readonly turns: FairQueue;
}

/**
 * Results are kept for a short time, so that slower subscribers don't execute the same item again. They are not kept longer,
 * because a result shows the state at the time of its execution.
 */
const KEPT = { max: 64, ttl: 1_000, ttlAutopurge: true, maxSize: 262_144 };

/** The waits before an item is executed again that an outage left incomplete, in milliseconds. */
const RETRY = { baseMs: 100, maxMs: 1_000 };

/** Undefined if the result is not the same for every key. */
type Answer = WrittenResult | undefined;

type Receive = (answer: Answer) => void;
type Fail = (error: unknown) => void;

/** The result of one item, or the subscribers that wait for it. */
interface Execution {
  isDone: boolean;
  answer: Answer;
  readonly waiting: { readonly receive: Receive; readonly fail: Fail }[];
}

/**
 * One subscription operation, shared by all subscribers with the same rights. An item is executed when the first subscriber
 * reaches it.
 */
export class SharedOperation {
  readonly #args: ExecutionArgs;
  readonly #presenter: ErrorPresenter;
  readonly #maxAnswerLength: number;
  readonly #turns: FairQueue;
  readonly #executions = new LRUCache<object, Execution>(KEPT);
  #isKeyRead = false;
  /** Number of subscribers. */
  members = 0;

  constructor(
    args: ExecutionArgs,
    viewer: Viewer,
    /** What all subscribers share with the viewer. */
    readonly common: 'rights' | 'key',
    { createContext, presenter, limits, turns }: SharedOperationOptions,
  ) {
    const noteKeyRead = () => {
      this.#isKeyRead = true;
    };
    const shared = common === 'key' ? viewer : createSharedViewer(viewer, noteKeyRead);
    const scope = { viewer: shared, requestId: newRequestId(), signal: new AbortController().signal };
    this.#args = { ...args, contextValue: createContext(scope, 'subscription') };
    this.#presenter = presenter;
    this.#maxAnswerLength = limits.maxAnswerLength;
    this.#turns = turns;
  }

  /**
   * Calls `receive` with the item's result, or with undefined if the result is not the same for every key; calls `fail` if the
   * execution throws. The execution waits for the turn of the key that reaches the item first. Callbacks are used because a promise per subscriber would cost half as much as the sending.
   */
  resolve(item: unknown, keyId: string, receive: Receive, fail: Fail): void {
    if (typeof item !== 'object' || item === null || this.members < 2) {
      this.#runInTurn(item, keyId).then(receive, fail);
      return;
    }
    const known = this.#executions.get(item);
    if (known === undefined) this.#begin(item, keyId, receive, fail);
    else if (known.isDone) receive(known.answer);
    else known.waiting.push({ receive, fail });
  }

  #begin(item: object, keyId: string, receive: Receive, fail: Fail): void {
    const execution: Execution = { isDone: false, answer: undefined, waiting: [{ receive, fail }] };
    this.#executions.set(item, execution, { size: 1 });
    this.#runInTurn(item, keyId).then(
      (answer) => {
        execution.isDone = true;
        execution.answer = answer;
        this.#executions.set(item, execution, { size: answer?.length ?? 1 });
        for (const waiting of execution.waiting.splice(0)) waiting.receive(answer);
      },
      (error: unknown) => {
        this.#executions.delete(item);
        for (const waiting of execution.waiting.splice(0)) waiting.fail(error);
      },
    );
  }

  /** Thousands of events that are resolved at once filled the memory and delayed claims by seconds. */
  async #runInTurn(item: unknown, keyId: string): Promise<Answer> {
    const place = this.#turns.enter(keyId) ?? (await this.#turns.wait(keyId));
    try {
      return this.members === 0 ? undefined : await this.#run(item, place);
    } finally {
      place.leave();
    }
  }

  async #run(item: unknown, place: Place): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      // If one result depended on the key, others will too.
      if (this.#isKeyRead) return undefined;
      const result = await execute({ ...this.#args, rootValue: item });
      if (this.#isKeyRead) return undefined;
      const answer = stopOnce(result, false);
      if (!this.#isWorthRepeating(item, answer))
        return write(limitAnswer(answer, this.#args, this.#maxAnswerLength), this.#presenter);
      // An outage of one part of the database must not stop the events that do not need it.
      place.leave();
      await pause(backoffMs({ ...RETRY, attempt, random: randomFraction() }));
      place.retake();
    }
  }

  /**
   * Whether the database was unavailable to a field. An incomplete event must not be delivered: where the field is non-null,
   * not even the cursor would be left of it. So the item waits, and the stream with it, until it can be resolved or the last subscriber has left.
   */
  #isWorthRepeating(item: unknown, { errors = [] }: ExecutionResult): boolean {
    if (item instanceof StreamEnd || this.members === 0) return false;
    return errors.some((error) => this.#presenter.isOutage(error));
  }
}

function write({ errors: found, ...rest }: ExecutionResult, presenter: ErrorPresenter): WrittenResult {
  const errors = found?.map((error) => presenter.present(error, newRequestId()));
  const result = errors ? { errors, ...rest } : rest;
  const text = JSON.stringify(toSentResult(result));
  let bytes: Buffer | undefined;
  const toBytes = () => {
    bytes ??= Buffer.from(text);
    return bytes;
  };
  return { ...result, length: text.length, toBytes };
}
