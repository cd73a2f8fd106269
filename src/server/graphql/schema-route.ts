import type { GraphQLSchema } from 'graphql';
import { printSortedSchema } from '../../graphql/schema-text.js';
import type { AccessGate } from '../access-gate.js';
import { admit } from '../http/admit.js';
import { send } from '../http/exchange.js';
import { corsHeaders, sendPreflight } from '../http/origins.js';
import type { Route } from '../http/router.js';

export interface SchemaRouteOptions {
  readonly schema: GraphQLSchema;
  readonly gate: AccessGate;
  readonly corsOrigins: readonly string[];
}

/** Creates `/graphql/schema.graphql`, for code generators and editors. It needs a key, as introspection does. */
export function createSchemaRoute({ schema, gate, corsOrigins }: SchemaRouteOptions): Route {
  let text: string | undefined;
  return {
    path: '/graphql/schema.graphql',
    methods: ['GET', 'HEAD', 'OPTIONS'],
    async handle(exchange) {
      const { request } = exchange;
      Object.assign(exchange.headers, corsHeaders(request.headers, corsOrigins));
      if (request.method === 'OPTIONS') return sendPreflight(exchange);
      await admit(exchange, gate);
      text ??= printSortedSchema(schema);
      send(exchange, 200, { 'content-type': 'text/plain; charset=utf-8' }, text);
    },
  };
}
