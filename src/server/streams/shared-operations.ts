import type { ExecutionArgs } from 'graphql';
import { identifyOperation } from '../../graphql/base/operation-identity.js';
import type { Stage } from '../../kernel/item-stream.js';
import type { Viewer } from '../request-scope.js';
import { SharedOperation, type SharedOperationOptions, type WrittenResult } from './shared-operation.js';

export interface SharedOperations {
  /**
   * Adds a subscriber and returns the stage that turns its items into results.
   *
   * @param args - the arguments of the subscription.
   * @param toError - presents an error that ends the subscriber's stream.
   */
  join(
    args: ExecutionArgs,
    viewer: Viewer,
    toError: (error: unknown) => unknown,
  ): Stage<unknown, WrittenResult>;
}

interface Membership {
  readonly operation: SharedOperation;
  readonly leave: () => void;
}

/**
 * Groups all subscribers of the same operation with the same rights. Each has its own stream at its own position. Subscribers
 * that receive the same item get the same result object.
 */
export function createSharedOperations(options: SharedOperationOptions): SharedOperations {
  const operations = new Map<string, SharedOperation>();

  function enter(id: string, create: () => SharedOperation): Membership {
    const operation = operations.get(id) ?? create();
    operations.set(id, operation);
    operation.members += 1;
    const leave = () => {
      operation.members -= 1;
      if (operation.members === 0) operations.delete(id);
    };
    return { operation, leave };
  }

  return {
    join(args, viewer, toError) {
      const id = identifyOperation(args, viewer);
      return new Member(
        toError,
        viewer.keyId,
        enter(id, () => new SharedOperation(args, viewer, 'rights', options)),
        () => enter(`${id} ${viewer.keyId}`, () => new SharedOperation(args, viewer, 'key', options)),
      );
    },
  };
}

/** How many items are executed together: at first, and at most. */
const AHEAD = { first: 8, most: 32 };

/** One subscriber. Its stream passes on one item at a time. */
class Member implements Stage<unknown, WrittenResult> {
  readonly toError: (error: unknown) => unknown;
  readonly #keyId: string;
  readonly #enterOfKey: () => Membership;
  #membership: Membership;
  #isOfKey = false;
  #isClosed = false;
  /** How many items are executed together next. */
  #pageSize = AHEAD.first;
  /** How many of the next items were executed together with the last ones, and how many of those were taken. */
  #ahead = 0;
  #taken = 0;
  #item: unknown;
  #give: (result: WrittenResult) => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;

  constructor(
    toError: (error: unknown) => unknown,
    keyId: string,
    membership: Membership,
    enterOfKey: () => Membership,
  ) {
    this.toError = toError;
    this.#keyId = keyId;
    this.#membership = membership;
    this.#enterOfKey = enterOfKey;
  }

  pass(
    item: unknown,
    give: (result: WrittenResult) => void,
    fail: (error: unknown) => void,
    next: readonly unknown[],
  ): void {
    this.#item = item;
    this.#give = give;
    this.#fail = fail;
    const page = next.length === 0 && this.#ahead === 0 ? next : this.#pageAfter(item, next);
    this.#membership.operation.resolve(item, this.#keyId, this.#receive, fail, page);
  }

  /**
   * The next items to execute together with this one; none while those of the last page are taken. The page grows as long as all of
   * its results are taken while they are kept. A reader that is slow, or has long results, would have most of them made twice.
   */
  #pageAfter(item: unknown, next: readonly unknown[]): readonly unknown[] {
    if (this.#ahead > 0 && this.#membership.operation.knows(item)) {
      this.#ahead -= 1;
      this.#taken += 1;
      if (this.#ahead === 0) this.#pageSize = Math.min(2 * this.#pageSize, AHEAD.most);
      return [];
    }
    if (this.#ahead > 0) this.#pageSize = Math.max(1, this.#taken);
    const page = next.slice(0, this.#pageSize - 1);
    this.#ahead = page.length;
    this.#taken = 1;
    return page;
  }

  close(): void {
    this.#isClosed = true;
    this.#membership.leave();
  }

  readonly #receive = (result: WrittenResult | undefined): void => {
    if (this.#isClosed) return;
    if (result !== undefined) this.#give(result);
    else if (this.#isOfKey) this.#fail(new Error('An operation of one key has no result'));
    else {
      this.#moveToKey();
      this.#membership.operation.resolve(this.#item, this.#keyId, this.#receive, this.#fail);
    }
  };

  /** Called when the results depend on the key: from now on they are shared only among streams of that key. */
  #moveToKey(): void {
    this.#isOfKey = true;
    const ofKey = this.#enterOfKey();
    this.#membership.leave();
    this.#membership = ofKey;
  }
}
