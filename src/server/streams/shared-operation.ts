import { type ExecutionArgs, type ExecutionResult, execute } from 'graphql';
import { LRUCache } from 'lru-cache';
import { createSharedViewer } from '../../graphql/events/shared-viewer.js';
import { newRequestId } from '../../kernel/ids.js';
import type { ErrorPresenter } from '../error-presenter.js';
import type { RequestScope, Viewer } from '../request-scope.js';
import { toSentResult } from '../result-response.js';

/** A result with its text, which is written once however many get it. */
export interface WrittenResult extends ExecutionResult {
  /** Under the name that yoga looks for. */
  readonly stringify: () => string;
  /** The same in UTF-8. */
  readonly toBytes: () => Buffer;
}

export interface SharedOperationOptions {
  readonly createContext: (scope: RequestScope) => object;
  readonly presenter: ErrorPresenter;
}

/**
 * Results wait a moment for the slower subscribers, which would otherwise have the same item executed again; not for
 * long, since an answer shows what is so at the time.
 */
const KEPT = { max: 64, ttl: 1_000, ttlAutopurge: true, maxSize: 262_144 };

/** Undefined where the answer is not the same for every key. */
type Answer = WrittenResult | undefined;

type Receive = (answer: Answer) => void;
type Fail = (error: unknown) => void;

/** The answer to an item, or those who wait for it. */
interface Execution {
  isDone: boolean;
  answer: Answer;
  readonly waiting: { readonly receive: Receive; readonly fail: Fail }[];
}

/**
 * One subscription's operation for all who have it open with the same rights. An item is executed when the first of
 * them gets to it.
 */
export class SharedOperation {
  readonly #args: ExecutionArgs;
  readonly #presenter: ErrorPresenter;
  readonly #executions = new LRUCache<object, Execution>(KEPT);
  #isKeyRead = false;
  /** How many have it open. */
  members = 0;

  constructor(
    args: ExecutionArgs,
    viewer: Viewer,
    /** What all members have in common with the viewer. */
    readonly common: 'rights' | 'key',
    { createContext, presenter }: SharedOperationOptions,
  ) {
    const noteKeyRead = () => {
      this.#isKeyRead = true;
    };
    const shared = common === 'key' ? viewer : createSharedViewer(viewer, noteKeyRead);
    const scope = { viewer: shared, requestId: newRequestId(), signal: new AbortController().signal };
    this.#args = { ...args, contextValue: createContext(scope) };
    this.#presenter = presenter;
  }

  /**
   * Calls one of the two with what the item resolves to: with undefined if that is not the same for every key. Those who
   * wait for the same execution are called in one go: a promise for each would cost half as much as the sending.
   */
  resolve(item: unknown, receive: Receive, fail: Fail): void {
    if (typeof item !== 'object' || item === null || this.members < 2) {
      this.#run(item).then(receive, fail);
      return;
    }
    const known = this.#executions.get(item);
    if (known === undefined) this.#begin(item, receive, fail);
    else if (known.isDone) receive(known.answer);
    else known.waiting.push({ receive, fail });
  }

  #begin(item: object, receive: Receive, fail: Fail): void {
    const execution: Execution = { isDone: false, answer: undefined, waiting: [{ receive, fail }] };
    this.#executions.set(item, execution, { size: 1 });
    this.#run(item).then(
      (answer) => {
        execution.isDone = true;
        execution.answer = answer;
        this.#executions.set(item, execution, { size: answer?.stringify().length ?? 1 });
        for (const waiting of execution.waiting.splice(0)) waiting.receive(answer);
      },
      (error: unknown) => {
        this.#executions.delete(item);
        for (const waiting of execution.waiting.splice(0)) waiting.fail(error);
      },
    );
  }

  async #run(item: unknown): Promise<Answer> {
    // One answer that depended on the key is reason enough to expect others.
    if (this.#isKeyRead) return undefined;
    const result = await execute({ ...this.#args, rootValue: item });
    return this.#isKeyRead ? undefined : write(result, this.#presenter);
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
  return { ...result, stringify: () => text, toBytes };
}
