import { METHODS } from 'node:http';
import { send } from './exchange.js';
import { wantsGraphiql } from './graphiql.js';
import { notFound, type Route } from './router.js';

/** Redirects a browser at `/` to GraphiQL, where the dashboard is not built. All other requests get 404. */
export function createRootRedirect(basePath: string): Route {
  return {
    path: '/',
    methods: METHODS,
    async handle(exchange) {
      if (!wantsGraphiql(exchange)) throw notFound();
      send(exchange, 302, { location: `${basePath}/graphql`, vary: 'accept' }, '');
    },
  };
}
