import type { GraphQLSchema } from 'graphql';
import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import type { OperationKind } from '../../graphql/operation-contexts.js';
import type { ErrorPresenter } from '../error-presenter.js';
import type { ServerLimits } from '../limits.js';
import type { RequestScope } from '../request-scope.js';
import type { Execute } from './execution.js';
import { useDocumentLimits } from './plugins/use-document-limits.js';
import { useExecution } from './plugins/use-execution.js';
import { useInputHints } from './plugins/use-input-hints.js';
import { useSubscriptionRule } from './plugins/use-subscription-rule.js';

export type Yoga = YogaServerInstance<RequestScope, object>;

export interface YogaOptions {
  readonly schema: GraphQLSchema;
  readonly createContext: (scope: RequestScope, kind: OperationKind) => object;
  readonly presenter: ErrorPresenter;
  readonly limits: ServerLimits;
  readonly execute: Execute;
}

/**
 * Creates the GraphQL engine of every transport. The transports parse and validate with its `getEnveloped`, and with it the
 * plugins. They bypass yoga's caches, its context, its calls of the plugins for each execution and its handling of HTTP.
 */
export function createYogaServer({ schema, createContext, presenter, limits, execute }: YogaOptions): Yoga {
  return createYoga<RequestScope, object>({
    schema,
    context: ({ viewer, requestId, signal }) => createContext({ viewer, requestId, signal }, 'query'),
    graphqlEndpoint: '/graphql',
    landingPage: false,
    graphiql: false,
    multipart: false,
    batching: false,
    cors: false,
    logging: false,
    // Yoga's limit reduces the request rate by 40 %. The size of the body was checked before.
    maxRequestBodySize: false,
    maskedErrors: { errorMessage: '', maskError: presenter.mask, isDev: false },
    // Documents are remembered with their validation in documents.ts.
    parserAndValidationCache: false,
    plugins: [
      useExecution(execute, presenter),
      useInputHints(),
      useDocumentLimits(limits),
      useSubscriptionRule(),
    ],
  });
}
