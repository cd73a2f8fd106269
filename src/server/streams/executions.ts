import { LRUCache } from 'lru-cache';

/** Called with the result of an item. */
export type Receive<Answer> = (answer: Answer) => void;

/** Called with what the execution of an item threw. */
export type Fail = (error: unknown) => void;

/**
 * Results are kept for a short time: for slower subscribers of the same item, and for a subscriber whose next items were executed
 * together with this one. They are not kept longer, because a result shows the state at the time of its execution.
 */
const KEPT = { max: 1_000, ttl: 1_000, ttlAutopurge: true, maxSize: 262_144 };

/** An execution under way is found for as long as it takes: on a starved machine that is longer than results are kept. */
const UNTIL_DONE = { size: 1, ttl: 0 };

/** The result of one item, or the subscribers that wait for it. */
interface Execution<Answer> {
  done: { readonly answer: Answer } | undefined;
  readonly waiting: { readonly receive: Receive<Answer>; readonly fail: Fail }[];
}

/** The executions of the items of one operation that are under way or have just ended. */
export class Executions<Answer> {
  readonly #bySubject = new LRUCache<object, Execution<Answer>>(KEPT);
  readonly #lengthOf: (answer: Answer) => number;

  /** @param lengthOf - the length of the text of a result, at least 1. */
  constructor(lengthOf: (answer: Answer) => number) {
    this.#lengthOf = lengthOf;
  }

  /** Whether there are none. */
  get isEmpty(): boolean {
    return this.#bySubject.size === 0;
  }

  has(item: object): boolean {
    return this.#bySubject.has(item);
  }

  /** Passes on the result of an item, now or when there is one. Returns whether the item is known. */
  take(item: object, receive: Receive<Answer>, fail: Fail): boolean {
    const known = this.#bySubject.get(item);
    if (known?.done) receive(known.done.answer);
    else known?.waiting.push({ receive, fail });
    return known !== undefined;
  }

  /** Notes that the item is executed from now on. */
  begin(item: object): Begun<Answer> {
    const execution: Execution<Answer> = { done: undefined, waiting: [] };
    this.#bySubject.set(item, execution, UNTIL_DONE);
    return {
      isAwaited: () => execution.waiting.length > 0,
      settle: (answer) => {
        execution.done = { answer };
        this.#bySubject.set(item, execution, { size: this.#lengthOf(answer) });
        for (const waiting of execution.waiting.splice(0)) waiting.receive(answer);
      },
      forget: (error) => {
        this.#bySubject.delete(item);
        for (const waiting of execution.waiting.splice(0)) waiting.fail(error);
      },
    };
  }
}

/** An execution that is under way. */
export interface Begun<Answer> {
  /** Whether a subscriber waits for the result. */
  isAwaited(): boolean;
  settle(answer: Answer): void;
  /** The execution has no result: those that wait for it get the error. */
  forget(error?: unknown): void;
}

/** The text of the results of one page that is kept, in UTF-16 units: a part of what an operation keeps. */
export const MAX_KEPT_OF_PAGE = KEPT.maxSize / 2;
