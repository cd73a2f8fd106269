import type { ErrorPresenter } from '../error-presenter.js';
import { protocolError } from '../protocol-error.js';
import { ClientGone } from './body.js';
import { type HttpExchange, sendError } from './exchange.js';

/** One path of the server. The handler sends the answer, or throws the error that is sent as the answer. */
export interface Route {
  readonly path: string;
  readonly methods: readonly string[];
  readonly handle: (exchange: HttpExchange) => Promise<void>;
}

/** Finds a route by more than the path alone; undefined if none of its routes answers. */
export type FindRoute = (exchange: HttpExchange) => Route | undefined;

/**
 * Creates the function that finds the route of a request. It answers 404 and 405, and the errors that handlers throw.
 *
 * @param findFirst - is asked before the routes.
 */
export function createRouter(routes: readonly Route[], presenter: ErrorPresenter, findFirst?: FindRoute) {
  const byPath = new Map(routes.map((route) => [route.path, route]));
  const find: FindRoute = (exchange) => findFirst?.(exchange) ?? byPath.get(exchange.path);
  return async function route(exchange: HttpExchange): Promise<void> {
    try {
      await findRoute(find, exchange).handle(exchange);
    } catch (error) {
      const { response } = exchange;
      // The connection is destroyed, because a partial answer that ends normally would look complete.
      if (error instanceof ClientGone || response.headersSent) response.destroy();
      if (!(error instanceof ClientGone)) sendError(exchange, presenter.present(error, exchange.requestId));
    }
  };
}

function findRoute(find: FindRoute, exchange: HttpExchange): Route {
  const { request } = exchange;
  const route = find(exchange);
  if (!route) throw notFound();
  exchange.route = route.path;
  if (!route.methods.includes(request.method ?? '')) {
    const allow = route.methods.join(', ');
    const headers = { allow };
    throw protocolError('METHOD_NOT_ALLOWED', `Allowed methods: ${allow}.`, { status: 405, headers });
  }
  return route;
}

/** The error for a path that does not exist. */
export function notFound() {
  return protocolError('NOT_FOUND', 'This path does not exist. The API is at /graphql.', { status: 404 });
}
