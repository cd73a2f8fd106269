import type { ErrorPresenter } from '../error-presenter.js';
import { protocolError } from '../protocol-error.js';
import { ClientGone } from './body.js';
import { type Exchange, sendError } from './exchange.js';

/** One path of the server. A handler sends the answer, or throws the error that is the answer. */
export interface Route {
  readonly path: string;
  readonly methods: readonly string[];
  readonly handle: (exchange: Exchange) => Promise<void>;
}

/** Finds the route of a request; answers 404, 405, and whatever a handler throws. */
export function createRouter(routes: readonly Route[], presenter: ErrorPresenter) {
  const byPath = new Map(routes.map((route) => [route.path, route]));
  return async function route(exchange: Exchange): Promise<void> {
    try {
      await findRoute(byPath, exchange).handle(exchange);
    } catch (error) {
      const { response } = exchange;
      // Half an answer that ends like a whole one would be believed.
      if (error instanceof ClientGone || response.headersSent) response.destroy();
      if (!(error instanceof ClientGone)) sendError(exchange, presenter.present(error, exchange.requestId));
    }
  };
}

function findRoute(byPath: ReadonlyMap<string, Route>, exchange: Exchange): Route {
  const { request, path } = exchange;
  const route = byPath.get(path);
  if (!route) throw nothingHere();
  exchange.route = route.path;
  if (!route.methods.includes(request.method ?? '')) {
    const allow = route.methods.join(', ');
    const headers = { allow };
    throw protocolError('METHOD_NOT_ALLOWED', `Allowed here: ${allow}.`, { status: 405, headers });
  }
  return route;
}

export function nothingHere() {
  return protocolError('NOT_FOUND', `There is nothing here. The API is at /graphql.`, { status: 404 });
}
