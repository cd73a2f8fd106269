import { performance } from 'node:perf_hooks';
import {
  type DocumentNode,
  type ExecutionArgs,
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
import type { Documents } from './documents.js';
import { findRoundedVariable } from './exact-variables.js';
import type { Execute } from './execution.js';
import type { GraphqlParams } from './graphql-params.js';
import type { OperationQueues } from './operation-queues.js';

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
  /**
   * Resolves when a document that is not known yet may be prepared, or the next operation of a key whose last one took long may
   * begin. Undefined otherwise.
   */
  readonly turnFor: (keyId: string, params: GraphqlParams) => Promise<void> | undefined;
}

export interface OperationsOptions {
  readonly documents: Documents;
  readonly execute: Execute;
  /** The turns of the keys to prepare documents. */
  readonly turns: Turns;
  readonly createContext: (scope: RequestScope, kind: OperationKind, place?: Place) => object;
  readonly queues: OperationQueues;
  readonly presenter: ErrorPresenter;
  readonly subscribe: Subscribe;
  readonly observers: Observers;
}

/**
 * Creates the functions that prepare operations. The context is created here: yoga would copy it field by field into its own,
 * which took 8 µs per request.
 */
export function createOperations(options: OperationsOptions): Operations {
  const { documents, execute, turns, createContext, queues, presenter, subscribe, observers } = options;

  function turnFor(keyId: string, { query }: GraphqlParams): Promise<void> | undefined {
    return documents.isKnown(query) && !turns.isBusy(keyId) ? undefined : turns.next(keyId);
  }

  /** A key is charged for the time in which its operation does not wait for the database, such as introspection. */
  function executeTimed(args: ExecutionArgs, keyId: string): ReturnType<Execute> {
    const startedAt = performance.now();
    const result = execute(args);
    turns.charge(keyId, performance.now() - startedAt);
    return result;
  }

  function prepare(scope: RequestScope, params: GraphqlParams): Prepared {
    const presentFault = (error: unknown) => ({ errors: [presenter.present(error, scope.requestId)] });
    try {
      const { schema, document, errors } = documents.check(params.query, scope);
      const operation = getOperationAST(document, params.operationName);
      if (!operation) return { refused: { errors: [noOperation(params)] } };
      if (errors.length > 0) return { refused: { errors } };
      const { exactVariables } = params;
      const rounded = exactVariables && findRoundedVariable(schema, document, exactVariables);
      if (rounded)
        return { refused: { errors: [protocolError('BAD_USER_INPUT', rounded, refusedByGraphql)] } };
      const { variables: variableValues, operationName } = params;
      const begin = async <Result>(run: Begin<Result>, place?: Place) => {
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
          const run = (place: Place) => begin((args) => executeTimed(args, scope.viewer.keyId), place);
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

type Begin<Result> = (args: ExecutionArgs) => Result | Promise<Result>;

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
