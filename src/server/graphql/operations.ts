import {
  type DocumentNode,
  type ExecutionResult,
  type GraphQLSchema,
  getOperationAST,
  type OperationDefinitionNode,
} from 'graphql';
import type { Clock } from '../../kernel/clock.js';
import type { Instrument } from '../../kernel/instrument.js';
import type { ErrorPresenter } from '../error-presenter.js';
import { protocolError } from '../protocol-error.js';
import type { RequestScope } from '../request-scope.js';
import type { Subscribe } from '../streams/subscribe.js';
import type { GraphqlParams } from './graphql-params.js';
import type { Yoga } from './yoga.js';

/** Who is told of operations, and by which clock. */
export interface Observers {
  readonly instrument: Instrument;
  readonly clock: Clock;
}

/** An operation that has passed parsing, limits and validation, and can be run. */
export interface PreparedOperation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** Runs a query or a mutation. */
  execute(): Promise<ExecutionResult>;
  /** Begins a subscription: a stream of results, or one result that says why there is none. */
  subscribe(): Promise<ExecutionResult | AsyncIterable<ExecutionResult>>;
}

/** What can be answered without running anything. */
export type Prepared = PreparedOperation | { readonly refused: ExecutionResult };

/**
 * The steps of yoga's own request handling through its `getEnveloped`, so that the plugins and caches are the same,
 * without a Request and a Response around them. The context is made here: yoga would copy it into one of its own, which
 * took 8 µs of each request and looked at every field of it.
 */
export function createOperations(
  yoga: Yoga,
  createContext: (scope: RequestScope) => object,
  presenter: ErrorPresenter,
  subscribe: Subscribe,
  observers: Observers,
) {
  // Found valid once, a document of yoga's cache stays valid; to ask yoga's own cache for that took 9 µs of each request.
  const valid = new WeakSet<DocumentNode>();

  return function prepare(scope: RequestScope, params: GraphqlParams): Prepared {
    const enveloped = yoga.getEnveloped(scope);
    try {
      const document: DocumentNode = enveloped.parse(params.query);
      const operation = getOperationAST(document, params.operationName);
      if (!operation) return { refused: { errors: [noOperation(document, params)] } };
      const errors = valid.has(document) ? [] : enveloped.validate(enveloped.schema, document);
      if (errors.length > 0) return { refused: { errors } };
      valid.add(document);
      const { schema } = enveloped;
      const begin = async (run: typeof enveloped.execute) => {
        const contextValue = createContext(scope);
        const { variables: variableValues, operationName } = params;
        return run({ schema, document, contextValue, variableValues, operationName });
      };
      const presentFault = (error: unknown) => ({ errors: [presenter.present(error, scope.requestId)] });
      return {
        schema,
        document,
        operation,
        execute: () => timed(operation, () => begin(enveloped.execute).catch(presentFault), observers),
        subscribe: () =>
          followed(operation, () => begin((args) => subscribe(args, scope)).catch(presentFault), observers),
      };
    } catch (error) {
      return { refused: { errors: [presenter.present(error, scope.requestId)] } };
    }
  };
}

function followed<Result>(
  { operation, name }: OperationDefinitionNode,
  work: () => Promise<Result>,
  { instrument }: Observers,
): Promise<Result> {
  return instrument.within({ name: 'graphql.operation', facts: { operation, name: name?.value } }, work);
}

async function timed(
  definition: OperationDefinitionNode,
  work: () => Promise<ExecutionResult>,
  observers: Observers,
): Promise<ExecutionResult> {
  const { instrument, clock } = observers;
  const begunAtMs = clock.now();
  const result = await followed(definition, work, observers);
  const durationMs = clock.now() - begunAtMs;
  const { operation } = definition;
  instrument.emit('trace', 'graphql.operation', 'An operation was answered', { operation, durationMs });
  return result;
}

function noOperation(document: DocumentNode, { operationName }: GraphqlParams) {
  const message = operationName
    ? `The document has no operation "${operationName.slice(0, 80)}".`
    : `The document has ${document.definitions.length === 0 ? 'no' : 'several or no'} operations: name the one to run.`;
  return protocolError('BAD_USER_INPUT', message, { status: 400 });
}
