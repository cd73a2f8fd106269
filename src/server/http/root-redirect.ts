import { METHODS } from 'node:http';
import { send } from './exchange.js';
import { wantsGraphiql } from './graphiql.js';
import { nothingHere, type Route } from './router.js';

/** Leads a person who opens the server's address in a browser to GraphiQL; for everybody else nothing is there. */
export const homeRoute: Route = {
  path: '/',
  methods: METHODS,
  async handle(exchange) {
    if (!wantsGraphiql(exchange)) throw nothingHere();
    send(exchange, 302, { location: '/graphql', vary: 'accept' }, '');
  },
};
