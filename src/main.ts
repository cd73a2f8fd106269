import { createApp, type Started } from './app.js';
import { ConfigError, environmentForPrograms, parseConfig, readEnvironment } from './config/config.js';

/** Longer than any part of a stop may take; past it the process ends by force. */
const STOP_GRACE_MS = 20_000;

/**
 * Ctrl-C reaches the server from the terminal and, where npm's shell has given way to it, once more from npm. A signal
 * so soon after the first is the same wish, and no second one to end at once.
 */
const SAME_WISH_MS = 500;

/** After a clean stop, what a library still waits for keeps the process no longer. */
const EXIT_GRACE_MS = 500;

async function main(env: ReturnType<typeof readEnvironment>): Promise<void> {
  const app = createApp(parseConfig(env), { environment: environmentForPrograms(env) });
  const { instrument } = app;
  let stopping = false;
  let mayForce = false;

  function stop(signal: NodeJS.Signals): void {
    if (mayForce) process.exit(130);
    if (stopping) return;
    stopping = true;
    setTimeout(() => {
      mayForce = true;
    }, SAME_WISH_MS).unref();
    instrument.emit('info', 'server.stopping', `Got ${signal}: finishing what is under way`);
    setTimeout(() => {
      const message = `Ended by force, still busy with ${app.stoppingPart()}: nothing is lost, as after kill -9`;
      instrument.emit('error', 'server.stop_overdue', message);
      process.exit(1);
    }, STOP_GRACE_MS).unref();
    void app.stop().then(
      () => {
        instrument.emit('info', 'server.stopped', 'Stopped');
        setTimeout(() => process.exit(), EXIT_GRACE_MS).unref();
      },
      (error: unknown) => {
        instrument.emit('error', 'server.stop_failed', 'The stop was not clean', { error });
        process.exitCode = 1;
      },
    );
  }

  // Whoever reads the log may go away, and the pipe with him; the work goes on without a log then.
  process.stdout.on('error', () => undefined);
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // The terminal was closed. Left alone, it would end this process and leave PostgreSQL running.
  process.on('SIGHUP', stop);
  const started = await app.start();
  if (started !== null) greet(started);
}

const NOT_KEPT_HERE =
  'given by MC_API_KEY or made by an earlier start; docs/operations.md says under Keys what to do if it is lost';

/** The few lines that somebody who started the server by hand needs; a log is for later. */
function greet({ address, facts, adminKey, adminKeyPath }: Started): void {
  const lines = [
    `Mission Control ${facts.version} with ${facts.database}`,
    `GraphQL and GraphiQL: ${address.url}/graphql`,
    `Admin key: ${adminKeyPath === null ? NOT_KEPT_HERE : `in ${adminKeyPath}`}`,
    ...(adminKey === null ? [] : [`Admin key, shown this once: ${adminKey}`]),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function refuseToStart(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`Mission Control did not start. ${message}\n`);
  process.exitCode = 1;
}

try {
  await main(readEnvironment());
} catch (error) {
  refuseToStart(error);
  if (!(error instanceof ConfigError)) process.exit();
}
