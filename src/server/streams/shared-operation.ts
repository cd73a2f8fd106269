import { setTimeout as pause } from 'node:timers/promises';
import { type ExecutionArgs, type ExecutionResult, execute } from 'graphql';
import { createSharedViewer } from '../../graphql/events/shared-viewer.js';
import { StreamEnd } from '../../graphql/events/stream.js';
import type { OperationKind } from '../../graphql/operation-contexts.js';
import { backoffMs } from '../../kernel/backoff.js';
import type { FairQueue, Place } from '../../kernel/fair-queue.js';
import { newRequestId, randomFraction } from '../../kernel/ids.js';
import { isStop, limitAnswer, stopOnce } from '../answer-limits.js';
import type { ErrorPresenter } from '../error-presenter.js';
import type { ServerLimits } from '../limits.js';
import type { RequestScope, Viewer } from '../request-scope.js';
import { toSentResult } from '../result-response.js';
import { type Begun, Executions, type Fail, MAX_KEPT_OF_PAGE, type Receive } from './executions.js';

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

/** The waits before an item is executed again that an outage left incomplete, in milliseconds. */
const RETRY = { baseMs: 100, maxMs: 1_000 };

/** Undefined if the result is not the same for every key. */
type Answer = WrittenResult | undefined;

/**
 * One subscription operation, shared by all subscribers with the same rights. An item is executed when the first subscriber
 * reaches it.
 */
export class SharedOperation {
  readonly #args: ExecutionArgs;
  readonly #presenter: ErrorPresenter;
  readonly #maxAnswerLength: number;
  readonly #turns: FairQueue;
  readonly #executions = new Executions<Answer>((answer) => answer?.length ?? 1);
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

  /** Whether the result of the item is there or on its way. */
  knows(item: unknown): boolean {
    return isObject(item) && this.#executions.has(item);
  }

  /**
   * Calls `receive` with the item's result, or with undefined if the result is not the same for every key; calls `fail` if the
   * execution throws. The execution waits for the turn of the key that reaches the item first. Callbacks are used because a promise
   * per subscriber would cost half as much as the sending.
   *
   * @param next - the items that this subscriber takes next. They are executed together with this one, so that they share the
   * statements that load what they select.
   */
  resolve(
    item: unknown,
    keyId: string,
    receive: Receive<Answer>,
    fail: Fail,
    next: readonly unknown[] = [],
  ): void {
    const isAlone = this.members < 2 && next.length === 0 && this.#executions.isEmpty;
    if (!isObject(item) || isAlone) {
      this.#runInTurn(item, keyId).then(receive, fail);
      return;
    }
    if (this.#executions.take(item, receive, fail)) return;
    const begun = new Map<object, Begun<Answer>>();
    for (const each of [item, ...next])
      if (isObject(each) && !this.#executions.has(each)) begun.set(each, this.#executions.begin(each));
    this.#executions.take(item, receive, fail);
    if (begun.size > 1) void this.#runPage(begun, keyId);
    else for (const [only, execution] of begun) this.#runAlone(only, execution, keyId);
  }

  #runAlone(item: object, execution: Begun<Answer>, keyId: string): void {
    this.#runInTurn(item, keyId).then(execution.settle, execution.forget);
  }

  /**
   * Executes the items at the same time, in one turn. The loaders of their common context join what they load into one statement for
   * each step.
   */
  async #runPage(page: ReadonlyMap<object, Begun<Answer>>, keyId: string): Promise<void> {
    let place: Place | undefined;
    try {
      place = this.#turns.enter(keyId) ?? (await this.#turns.wait(keyId));
      const items = this.members === 0 ? [] : [...page.keys()];
      const results = await Promise.all(items.map((item) => this.#execute(item)));
      this.#settlePage(page, results, keyId);
    } catch (error) {
      for (const execution of page.values()) execution.forget(error);
    } finally {
      place?.leave();
    }
  }

  /**
   * What an outage left incomplete is executed again, alone, when a subscriber reaches it. So is what was stopped by the budget, which
   * the page has in common, and what is too long to be kept.
   */
  #settlePage(
    page: ReadonlyMap<object, Begun<Answer>>,
    results: readonly ExecutionResult[],
    keyId: string,
  ): void {
    const isOver = this.#isKeyRead || this.members === 0;
    let length = 0;
    for (const [index, [item, execution]] of [...page].entries()) {
      const result = results[index];
      const isKept = result !== undefined && length <= MAX_KEPT_OF_PAGE && !this.#isUnfinished(result);
      const answer = isKept && !isOver ? this.#write(result) : undefined;
      length += answer?.length ?? 0;
      if (answer !== undefined || isOver) execution.settle(answer);
      else if (execution.isAwaited()) this.#runAlone(item, execution, keyId);
      else execution.forget();
    }
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
      const result = await this.#execute(item);
      if (this.#isKeyRead) return undefined;
      if (!this.#isWorthRepeating(item, result)) return this.#write(result);
      // An outage of one part of the database must not stop the events that do not need it.
      place.leave();
      await pause(backoffMs({ ...RETRY, attempt, random: randomFraction() }));
      place.retake();
    }
  }

  async #execute(item: unknown): Promise<ExecutionResult> {
    return execute({ ...this.#args, rootValue: item });
  }

  #write(result: ExecutionResult): WrittenResult {
    const answer = limitAnswer(stopOnce(result, false), this.#args, this.#maxAnswerLength);
    return write(answer, this.#presenter);
  }

  /**
   * Whether the database was unavailable to a field. An incomplete event must not be delivered: where the field is non-null,
   * not even the cursor would be left of it. So the item waits, and the stream with it, until it can be resolved or the last subscriber has left.
   */
  #isWorthRepeating(item: unknown, { errors = [] }: ExecutionResult): boolean {
    if (item instanceof StreamEnd || this.members === 0) return false;
    return errors.some((error) => this.#presenter.isOutage(error));
  }

  /** Whether the item may have another result if it is executed alone. */
  #isUnfinished({ errors = [] }: ExecutionResult): boolean {
    return errors.some((error) => this.#presenter.isOutage(error) || isStop(error));
  }
}

function isObject(item: unknown): item is object {
  return typeof item === 'object' && item !== null;
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
