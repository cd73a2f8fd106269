import type { IncomingMessage } from 'node:http';
import type { PlainEventQuery } from '../../graphql/events/plain-events.js';
import { protocolError } from '../protocol-error.js';

/** The query parameters of `GET /api/events`. */
const parameters = ['types', 'task', 'agent', 'pipelineRunId', 'after', 'lastEventId', 'ticket'] as const;

/** The parsed query parameters. */
export interface EventStreamQuery extends PlainEventQuery {
  readonly ticket?: string;
}

/**
 * Parses the query parameters and `Last-Event-ID`. A client that reconnects sends its latest position in `Last-Event-ID`, or in
 * the parameter `lastEventId` where it can set no headers. It is newer than `after` in the unchanged URL.
 *
 * @throws GraphQLError with BAD_USER_INPUT for a parameter that does not exist or is repeated, because an ignored filter would
 * let every event through.
 */
export function parseEventStreamQuery({
  url = '/',
  headers,
}: Pick<IncomingMessage, 'url' | 'headers'>): EventStreamQuery {
  const search = url.includes('?') ? url.slice(url.indexOf('?') + 1) : '';
  const given = new URLSearchParams(search);
  for (const name of new Set(given.keys())) checkParameter(name, given.getAll(name).length);
  const {
    types,
    lastEventId: resumed,
    ...single
  } = Object.fromEntries(
    parameters.flatMap((name) => {
      const value = given.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );
  const after = cursorIn(headers['last-event-id']) ?? cursorIn(resumed) ?? single.after;
  return {
    ...single,
    ...(types === undefined ? {} : { types: types.split(',').map((word) => word.trim()) }),
    ...(after === undefined ? {} : { after }),
  };
}

function checkParameter(name: string, count: number): void {
  const shown = JSON.stringify(name.slice(0, 40));
  if (!parameters.some((parameter) => parameter === name))
    throw badRequest(`The parameter ${shown} does not exist. Parameters: ${parameters.join(', ')}.`);
  if (count > 1)
    throw badRequest(
      `The parameter ${shown} may be given only once. For several types write types=task,agent.`,
    );
}

/** A client that has received no event yet may send an empty one. */
function cursorIn(given: string | string[] | undefined): string | undefined {
  return typeof given === 'string' && given !== '' ? given : undefined;
}

function badRequest(message: string) {
  return protocolError('BAD_USER_INPUT', message, { status: 400 });
}
