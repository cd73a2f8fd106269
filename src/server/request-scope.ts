import type { GraphqlContext } from '../graphql/context.js';

/** The owner of the API key. */
export type Viewer = GraphqlContext['viewer'];

/** The viewer, the request id and the abort signal of one operation. */
export type RequestScope = Pick<GraphqlContext, 'viewer' | 'requestId' | 'signal'>;
