import type { TypedDocument } from '../../generated/operations.js';
import { toRefusal } from '../errors/to-refusal.js';

/** One page of a list. */
export interface Page<Node> {
  readonly nodes: readonly Node[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** A list that is read in pages: the operation, and where its page is in the data. */
export interface PagedOperation<Variables, Node> {
  readonly document: string;
  readonly toPage: (data: Readonly<Record<string, unknown>>) => Page<Node>;
  /** Holds the type of the variables. */
  readonly variables?: Variables;
}

/**
 * A list of the server. Await it for one page, or iterate over it with `for await` for every node: the pages are read one
 * after another, when they are needed.
 */
export class Pages<Node> implements PromiseLike<Page<Node>>, AsyncIterable<Node> {
  readonly #read: (after: string | null | undefined) => Promise<Page<Node>>;

  constructor(read: (after: string | null | undefined) => Promise<Page<Node>>) {
    this.#read = read;
  }

  // biome-ignore lint/suspicious/noThenProperty: awaiting the list reads its first page.
  then<Result1 = Page<Node>, Result2 = never>(
    onFulfilled?: ((page: Page<Node>) => Result1 | PromiseLike<Result1>) | null,
    onRejected?: ((reason: unknown) => Result2 | PromiseLike<Result2>) | null,
  ): Promise<Result1 | Result2> {
    return this.#read(undefined).then(onFulfilled, onRejected);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Node, void, undefined> {
    let after: string | null | undefined;
    do {
      const { nodes, pageInfo } = await this.#read(after);
      yield* nodes;
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
    } while (after != null);
  }
}

type RootPage<Result> = Result[keyof Result] extends Page<infer Node> ? Node : never;

/** A list that is a root field. */
/* @__NO_SIDE_EFFECTS__ */
export function pages<Result, Variables extends object>(
  document: TypedDocument<Result, Variables>,
): PagedOperation<Variables, RootPage<Result>> {
  return { document, toPage: (data) => Object.values(data)[0] as Page<RootPage<Result>> };
}

type ChildPage<Result> = NonNullable<Result[keyof Result]> extends infer Parent ? RootPage<Parent> : never;

/** A list of one object, such as the comments of a task. */
/* @__NO_SIDE_EFFECTS__ */
export function pagesOf<Result, Variables extends object>(
  document: TypedDocument<Result, Variables>,
): PagedOperation<Variables, ChildPage<Result>> {
  return {
    document,
    toPage: (data) => {
      const [[name, parent] = ['object', null]] = Object.entries(data);
      if (typeof parent === 'object' && parent !== null)
        return Object.values(parent)[0] as Page<ChildPage<Result>>;
      const message = `The ${name} does not exist, or the key may not see it.`;
      throw toRefusal({ refusal: { code: 'NOT_FOUND', message, path: null }, runId: undefined });
    },
  };
}
