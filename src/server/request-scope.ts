import type { GraphqlContext } from '../graphql/context.js';

/** Whose key it is. */
export type Viewer = GraphqlContext['viewer'];

/** What one operation is run with: who asks, under which id, and until when anybody waits for it. */
export type RequestScope = Pick<GraphqlContext, 'viewer' | 'requestId' | 'signal'>;
