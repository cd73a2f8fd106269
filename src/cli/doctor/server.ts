import { systemClock } from '../../kernel/clock.js';
import { type Client, VERSION } from '../../sdk/index.js';
import { noKeyAdvice } from '../session/connection.js';
import type { Session } from '../session/session.js';
import { bad, type Check, good } from './check.js';

/** How long the stream may take to connect, in milliseconds. */
const STREAM_MS = 5_000;

/** Whether the server answers, knows the key, does its work and delivers events. */
export async function checkServer(session: Session): Promise<readonly Check[]> {
  const connection = await session.connection();
  const { url, apiKey, source } = connection;
  const startedAt = systemClock.now();
  const ready = await fetch(`${url.replace(/\/+$/, '').replace(/\/graphql$/, '')}/readyz`, {
    signal: AbortSignal.timeout(10_000),
  }).catch(() => null);
  if (ready === null)
    return [
      bad(
        'server',
        `${url} does not answer (from ${source.url}).`,
        'Start the server with mc serve, or set MC_URL.',
      ),
    ];
  if (ready.status !== 200)
    return [
      bad(
        'server',
        `${url} answers HTTP ${ready.status} and is not ready.`,
        'Its log says what it waits for.',
      ),
    ];
  const answers = good(
    'server',
    `${url} answers in ${systemClock.now() - startedAt} ms (from ${source.url}).`,
  );
  if (apiKey === undefined) {
    const { why, remedy } = noKeyAdvice(connection);
    return [answers, bad('key', why, remedy)];
  }
  const client = await session.client({ retries: 0 });
  const viewer = await client.viewer(session);
  const who = `${viewer.role.toLowerCase()}${viewer.agent ? ` acting as ${viewer.agent.name}` : ''}`;
  return [
    answers,
    good('key', `The key is valid: ${who} (from ${source.apiKey}).`),
    await checkVersion(client),
    ...(viewer.role === 'AGENT' ? [] : await checkWork(client)),
    await checkStream(client),
  ];
}

async function checkVersion(client: Client): Promise<Check> {
  const { version, database } = await client.server();
  if (version === VERSION) return good('version', `Version ${version} with ${database}.`);
  const text = `The server has version ${version}, this command line ${VERSION}.`;
  return bad('version', text, 'Install the same version on both sides.');
}

async function checkWork(client: Client): Promise<readonly Check[]> {
  const [jobs, gateways] = await Promise.all([client.schedulerJobs(), client.gateways()]);
  const troubled = jobs.filter(({ paused, lastError }) => paused || lastError !== null);
  const silent = gateways.filter(({ state }) => state !== 'REACHABLE');
  return [
    ...(troubled.length === 0 ? [good('jobs', `${jobs.length} jobs run.`)] : []),
    ...troubled.map(({ name, paused, lastError }) =>
      paused
        ? bad('jobs', `The job ${name} is paused.`, `Resume it: mc jobs resume ${name}`)
        : bad('jobs', `The job ${name} fails: ${lastError}.`, 'The log of the server has details.'),
    ),
    ...silent.map(({ name, state, lastError, remedy }) =>
      bad(
        'gateways',
        `The gateway ${name} is ${state.toLowerCase()}: ${lastError ?? 'no answer'}`,
        remedy ?? 'See docs/agents.md.',
      ),
    ),
  ];
}

async function checkStream(client: Client): Promise<Check> {
  const signal = AbortSignal.timeout(STREAM_MS);
  try {
    for await (const { type } of client.followEvents({ signal }))
      if (type === 'stream.connected') return good('events', 'Events are delivered.');
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return bad(
    'events',
    'No stream of events within 5 seconds.',
    'A proxy in between must pass server-sent events and WebSockets on without buffering.',
  );
}
