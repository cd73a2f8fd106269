#!/usr/bin/env node
import { createApp } from './app.js';
import { ConfigError, parseConfig, takeEnvironment } from './config/config.js';
import { environmentForPrograms } from './config/program-environment.js';
import { describeStart } from './describe-start.js';
import { collectWhenIdle } from './kernel/idle-collection.js';

/** Longer than the time limit of any part of a stop. After it the process exits. */
const STOP_GRACE_MS = 20_000;

/**
 * Ctrl-C reaches the server from the terminal and, if npm started it, a second time from npm. A second signal within this time
 * counts as the same request; a later one ends the process at once.
 */
const SAME_REQUEST_MS = 500;

/** How long after a clean stop the timers and sockets of libraries may keep the process alive. */
const EXIT_GRACE_MS = 500;

async function main(env: ReturnType<typeof takeEnvironment>): Promise<void> {
  const config = parseConfig(env);
  const environment = environmentForPrograms(env, config.gateway.commandEnv);
  const app = createApp(config, { environment });
  const { instrument } = app;
  let stopping = false;
  let mayForce = false;

  function stop(signal: NodeJS.Signals): void {
    if (mayForce) process.exit(130);
    if (stopping) return;
    stopping = true;
    setTimeout(() => {
      mayForce = true;
    }, SAME_REQUEST_MS).unref();
    instrument.emit('info', 'server.stopping', `Received ${signal}: finishing the work under way`);
    setTimeout(() => {
      const message = `The stop took too long, waiting for ${app.stoppingPart()}: exiting now, which loses no data`;
      instrument.emit('error', 'server.stop_overdue', message);
      process.exit(1);
    }, STOP_GRACE_MS).unref();
    void app.stop().then(
      () => {
        instrument.emit('info', 'server.stopped', 'Stopped');
        setTimeout(() => process.exit(), EXIT_GRACE_MS).unref();
      },
      (error: unknown) => {
        instrument.emit('error', 'server.stop_failed', 'The stop failed', { error });
        process.exitCode = 1;
      },
    );
  }

  // Node prints the error too, with positions in the bundle.
  process.on('uncaughtExceptionMonitor', (error) =>
    instrument.emit('error', 'server.crashed', 'An error that nothing handles ends this process', { error }),
  );
  // The reader of the log may close the pipe. The server then continues without a log.
  process.stdout.on('error', () => undefined);
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // The terminal was closed. Without a listener the signal would end this process and leave PostgreSQL running.
  process.on('SIGHUP', stop);
  const started = await app.start();
  if (started === null) return;
  collectWhenIdle({ instrument });
  const isTerminal = process.stdout.isTTY;
  const link = isTerminal ? await started.makeLink() : null;
  process.stdout.write(describeStart(started, { isTerminal, link }));
}

function reportFailedStart(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`Mission Control did not start. ${message}\n`);
  process.exitCode = 1;
}

try {
  await main(takeEnvironment());
} catch (error) {
  reportFailedStart(error);
  if (!(error instanceof ConfigError)) process.exit();
}
