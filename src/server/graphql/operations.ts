import {
  type DocumentNode,
  type ExecutionResult,
  type GraphQLSchema,
  getOperationAST,
  type OperationDefinitionNode,
} from 'graphql';
import { costOf, type QueryCost } from '../../graphql/base/complexity.js';
import type { OperationKind } from '../../graphql/operation-contexts.js';
import type { Clock } from '../../kernel/clock.js';
import type { FairQueue, Place } from '../../kernel/fair-queue.js';
import type { Instrument } from '../../kernel/instrument.js';
import type { Turns } from '../../kernel/turns.js';
import type { ErrorPresenter } from '../error-presenter.js';
import { protocolError, refusedByGraphql } from '../protocol-error.js';
import type { RequestScope } from '../request-scope.js';
import type { Subscribe } from '../streams/subscribe.js';
import { findRoundedVariable } from './exact-variables.js';
import type { GraphqlParams } from './graphql-params.js';
import type { OperationQueues } from './operation-queues.js';
import type { DocumentCache } from './plugins/use-document-limits.js';
import type { Yoga } from './yoga.js';

/** Where operations are reported, and the clock that times them. */
export interface Observers {
  readonly instrument: Instrument;
  readonly clock: Clock;
}

/** An operation that has passed parsing, limits and validation. */
export interface PreparedOperation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** What it costs by the rules that limit it; undefined if its variables are invalid. */
  cost(): QueryCost | undefined;
  /** Runs a query or a mutation. */
  execute(): Promise<ExecutionResult>;
  /** Begins a subscription. Returns a stream of results, or one result with the reason why there is none. */
  subscribe(): Promise<ExecutionResult | AsyncIterable<ExecutionResult>>;
}

/** An operation that can run, or the answer that refuses it. */
export type Prepared = PreparedOperation | { readonly refused: ExecutionResult };

/** Prepares operations. */
export interface Operations {
  /** Parses and validates a document that is not known yet, which takes up to 70 ms. */
  readonly prepare: (scope: RequestScope, params: GraphqlParams) => Prepared;
  /** Resolves when a document that is not known yet may be prepared; undefined for a known one, which costs nothing. */
  readonly turnFor: (keyId: string, params: GraphqlParams) => Promise<void> | undefined;
}

export interface OperationsOptions {
  readonly yoga: Yoga;
  /** The cache of the documents that yoga has parsed. */
  readonly documents: DocumentCache;
  /** The turns of the keys to prepare documents. */
  readonly turns: Turns;
  readonly createContext: (scope: RequestScope, kind: OperationKind, place?: Place) => object;
  readonly queues: OperationQueues;
  readonly presenter: ErrorPresenter;
  readonly subscribe: Subscribe;
  readonly observers: Observers;
}

/**
 * Creates the functions that prepare operations. They take the steps of yoga's request handling through `getEnveloped`, with
 * the same plugins and caches but without a Request and a Response. The context is created here: yoga would copy it field by
 * field into its own, which took 8 µs per request.
 */
export function createOperations(options: OperationsOptions): Operations {
  const { yoga, documents, turns, createContext, queues, presenter, subscribe, observers } = options;
  // A document from yoga's cache stays valid. A lookup in yoga's own validation cache took 9 µs per request.
  const valid = new WeakSet<DocumentNode>();

  function turnFor(keyId: string, { query }: GraphqlParams): Promise<void> | undefined {
    const document = typeof query === 'string' ? documents.documentCache.peek(query) : undefined;
    return document !== undefined && valid.has(document) ? undefined : turns.next(keyId);
  }

  function prepare(scope: RequestScope, params: GraphqlParams): Prepared {
    const enveloped = yoga.getEnveloped(scope);
    const presentFault = (error: unknown) => ({ errors: [presenter.present(error, scope.requestId)] });
    try {
      const document: DocumentNode = enveloped.parse(params.query);
      const operation = getOperationAST(document, params.operationName);
      if (!operation) return { refused: { errors: [noOperation(params)] } };
      const errors = valid.has(document) ? [] : enveloped.validate(enveloped.schema, document);
      if (errors.length > 0) return { refused: { errors } };
      valid.add(document);
      const { schema } = enveloped;
      const { exactVariables } = params;
      const rounded = exactVariables && findRoundedVariable(schema, document, exactVariables);
      if (rounded)
        return { refused: { errors: [protocolError('BAD_USER_INPUT', rounded, refusedByGraphql)] } };
      const { variables: variableValues, operationName } = params;
      const begin = async (run: typeof enveloped.execute, place?: Place) => {
        try {
          const contextValue = createContext(scope, operation.operation, place);
          return await run({ schema, document, contextValue, variableValues, operationName });
        } catch (error) {
          return presentFault(error);
        } finally {
          place?.leave();
        }
      };
      return {
        schema,
        document,
        operation,
        cost: () => costOf(schema, document, operation, variableValues),
        execute: () => {
          const run = (place: Place) => begin(enveloped.execute, place);
          const queue = operation.operation === 'query' ? queues.query : queues.mutation;
          return withTiming(operation, () => inTurn(queue, scope, run, presentFault), observers);
        },
        subscribe: () =>
          withinSpan(operation, () => begin((args) => subscribe(args, scope, params)), observers),
      };
    } catch (error) {
      return { refused: presentFault(error) };
    }
  }

  return { prepare, turnFor };
}

/** Runs an operation at once if its key has a place for it, else when it is its turn. */
function inTurn(
  queue: FairQueue,
  scope: RequestScope,
  run: (place: Place) => Promise<ExecutionResult>,
  refuse: (error: unknown) => ExecutionResult,
): Promise<ExecutionResult> {
  const { keyId } = scope.viewer;
  const place = queue.enter(keyId);
  // The signal is created by its first use, so only an operation that waits uses it.
  return place === undefined ? queue.wait(keyId, scope.signal).then(run, refuse) : run(place);
}

function withinSpan<Result>(
  { operation, name }: OperationDefinitionNode,
  work: () => Promise<Result>,
  { instrument }: Observers,
): Promise<Result> {
  return instrument.within({ name: 'graphql.operation', facts: { operation, name: name?.value } }, work);
}

async function withTiming(
  definition: OperationDefinitionNode,
  work: () => Promise<ExecutionResult>,
  observers: Observers,
): Promise<ExecutionResult> {
  const { instrument, clock } = observers;
  const startedAtMs = clock.now();
  const result = await withinSpan(definition, work, observers);
  const durationMs = clock.now() - startedAtMs;
  const { operation } = definition;
  instrument.emit('trace', 'graphql.operation', 'An operation was answered', { operation, durationMs });
  return result;
}

function noOperation({ operationName }: GraphqlParams) {
  if (operationName === '') {
    const empty = 'The "operationName" is empty: leave it out, or name an operation of the document.';
    return protocolError('BAD_USER_INPUT', empty, { status: 400 });
  }
  const message = operationName
    ? `The document has no operation "${operationName.slice(0, 80)}".`
    : 'The document must have exactly one operation, or "operationName" must name the one to run.';
  return protocolError('BAD_USER_INPUT', message, { status: 400 });
}
