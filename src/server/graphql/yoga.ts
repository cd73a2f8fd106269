import type { GraphQLSchema } from 'graphql';
import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import type { ErrorPresenter } from '../error-presenter.js';
import type { ServerLimits } from '../limits.js';
import type { RequestScope } from '../request-scope.js';
import type { Subscribe } from '../streams/subscribe.js';
import { createDocumentCache, useDocumentLimits } from './plugins/use-document-limits.js';
import { useExecutor } from './plugins/use-executor.js';
import { usePresentedErrors } from './plugins/use-presented-errors.js';
import { useSharedStreams } from './plugins/use-shared-streams.js';
import { useStreamHeaders } from './plugins/use-stream-headers.js';
import { useStrictGet } from './plugins/use-strict-get.js';
import { useVariableLimits } from './plugins/use-variable-limits.js';

export type Yoga = YogaServerInstance<RequestScope, object>;

export interface YogaOptions {
  readonly schema: GraphQLSchema;
  readonly createContext: (scope: RequestScope) => object;
  readonly presenter: ErrorPresenter;
  readonly subscribe: Subscribe;
  readonly limits: ServerLimits;
}

/**
 * The GraphQL engine behind every transport. It answers GET and event streams itself; plain JSON and WebSockets take
 * its `getEnveloped`, and with it the same plugins. What HTTP needs around it (keys, body limit, CORS, GraphiQL) is
 * done before it is called.
 */
export function createYogaServer({ schema, createContext, presenter, subscribe, limits }: YogaOptions): Yoga {
  return createYoga<RequestScope, object>({
    schema,
    context: ({ viewer, requestId, signal }) => createContext({ viewer, requestId, signal }),
    graphqlEndpoint: '/graphql',
    landingPage: false,
    graphiql: false,
    multipart: false,
    batching: false,
    cors: false,
    logging: false,
    // Its stream transformation costs 40 % of all requests; the body has been limited before.
    maxRequestBodySize: false,
    maskedErrors: { errorMessage: '', maskError: presenter.mask, isDev: false },
    parserAndValidationCache: createDocumentCache(),
    plugins: [
      useExecutor(),
      usePresentedErrors(presenter),
      useSharedStreams(subscribe),
      useDocumentLimits(limits),
      useVariableLimits(limits),
      useStrictGet(),
      useStreamHeaders(),
    ],
  });
}
