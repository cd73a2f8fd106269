import type { EventSelection } from '../../graphql/webhooks/webhook-bodies.js';
import { newRequestId } from '../../kernel/ids.js';
import type { ErrorPresenter } from '../error-presenter.js';
import type { Prepared } from '../graphql/operations.js';
import type { RequestScope, Viewer } from '../request-scope.js';
import type { WrittenResult } from './shared-operation.js';
import type { SharedOperations } from './shared-operations.js';

export interface EventSelectionOptions {
  readonly prepare: (scope: RequestScope, params: { query: string }) => Prepared;
  readonly operations: SharedOperations;
  readonly presenter: ErrorPresenter;
}

/**
 * Creates the function that opens selections. They take the way of subscriptions: the same limits and rights, and one execution for
 * all readers of an event with the same document.
 */
export function createEventSelections({ prepare, operations, presenter }: EventSelectionOptions) {
  return (viewer: Viewer, document: string): EventSelection => {
    const requestId = newRequestId();
    const scope = { viewer, requestId, signal: new AbortController().signal };
    const prepared = prepare(scope, { query: document });
    // It was valid when it was stored, so the schema has changed since.
    if ('refused' in prepared) return { select: async () => JSON.stringify(prepared.refused), close() {} };
    const { schema, document: parsed } = prepared;
    const present = (error: unknown) => presenter.present(error, requestId);
    const member = operations.join({ schema, document: parsed }, viewer, present);
    return {
      async select(entry) {
        const result = await new Promise<WrittenResult>((give, fail) => member.pass(entry, give, fail, []));
        return result.toBytes().toString();
      },
      close: () => member.close(),
    };
  };
}
