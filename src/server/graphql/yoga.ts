import type { GraphQLSchema } from 'graphql';
import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import type { OperationKind } from '../../graphql/operation-contexts.js';
import type { ErrorPresenter } from '../error-presenter.js';
import type { ServerLimits } from '../limits.js';
import type { RequestScope } from '../request-scope.js';
import { useAnswerLimits } from './plugins/use-answer-limits.js';
import { createDocumentCache, type DocumentCache, useDocumentLimits } from './plugins/use-document-limits.js';
import { useExecutor } from './plugins/use-executor.js';
import { useInputHints } from './plugins/use-input-hints.js';
import { usePresentedErrors } from './plugins/use-presented-errors.js';
import { useSubscriptionRule } from './plugins/use-subscription-rule.js';
import { useVariableLimits } from './plugins/use-variable-limits.js';

export type Yoga = YogaServerInstance<RequestScope, object>;

export interface YogaOptions {
  readonly schema: GraphQLSchema;
  readonly createContext: (scope: RequestScope, kind: OperationKind) => object;
  readonly presenter: ErrorPresenter;
  readonly limits: ServerLimits;
  readonly documents?: DocumentCache;
}

/**
 * Creates the GraphQL engine of every transport. The transports use its `getEnveloped`, and with it the plugins; they bypass
 * yoga's validation cache, its context and its handling of HTTP.
 */
export function createYogaServer({
  schema,
  createContext,
  presenter,
  limits,
  documents = createDocumentCache(),
}: YogaOptions): Yoga {
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
    parserAndValidationCache: documents,
    plugins: [
      useExecutor(),
      // Before the errors are presented, which takes time for each of them.
      useAnswerLimits(limits),
      useInputHints(),
      usePresentedErrors(presenter),
      useDocumentLimits(limits),
      useSubscriptionRule(),
      useVariableLimits(limits),
    ],
  });
}
