import type { IncomingMessage } from 'node:http';
import type { PlainEventQuery } from '../../graphql/events/plain-events.js';
import { protocolError } from '../protocol-error.js';

/** What `GET /api/events` takes in its address. */
const parameters = ['types', 'task', 'agent', 'pipelineRunId', 'after', 'ticket'] as const;

export interface EventStreamQuery extends PlainEventQuery {
  readonly ticket?: string;
}

/**
 * Reads the address and `Last-Event-ID`, with which a client that lost its stream says how far it got: it is newer than
 * `after`, which stays in the address.
 *
 * @throws GraphQLError with BAD_USER_INPUT for a parameter that does not exist or comes twice: a filter that is not
 * understood must not let everything through.
 */
export function parseEventStreamQuery({ url = '/', headers }: IncomingMessage): EventStreamQuery {
  const search = url.includes('?') ? url.slice(url.indexOf('?') + 1) : '';
  const given = new URLSearchParams(search);
  for (const name of new Set(given.keys())) checkParameter(name, given.getAll(name).length);
  const { types, ...single } = Object.fromEntries(
    parameters.flatMap((name) => {
      const value = given.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );
  const after = lastEventId(headers['last-event-id']) ?? single.after;
  return {
    ...single,
    ...(types === undefined ? {} : { types: types.split(',').map((word) => word.trim()) }),
    ...(after === undefined ? {} : { after }),
  };
}

function checkParameter(name: string, count: number): void {
  const shown = JSON.stringify(name.slice(0, 40));
  if (!parameters.some((parameter) => parameter === name))
    throw badRequest(`There is no parameter ${shown}. There are ${parameters.join(', ')}.`);
  if (count > 1)
    throw badRequest(`The parameter ${shown} may stand in the address once: types=task,agent lists several.`);
}

/** Clients that have got nothing yet may send an empty one. */
function lastEventId(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && header !== '' ? header : undefined;
}

function badRequest(message: string) {
  return protocolError('BAD_USER_INPUT', message, { status: 400 });
}
