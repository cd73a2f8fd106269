import { pino, stdTimeFunctions } from 'pino';
import { readTimeOfDay, toDate } from '../kernel/clock.js';
import type { Level, Signal } from '../kernel/instrument.js';
import { createTerminalFormat } from './log-line.js';
import { toLoggable } from './loggable.js';
import { makeVisible } from './visible-text.js';

/** Where log lines are written. A terminal gets readable lines, every other destination gets JSON. */
export interface LogDestination {
  write(line: string): unknown;
  readonly isTTY?: boolean;
  hasColors?(): boolean;
}

/** What a log writes, and where. */
export interface LogOptions {
  /** The least severe lines to write. */
  readonly level: Exclude<Level, 'trace'> | 'silent';
  readonly destination?: LogDestination;
}

/**
 * Creates an instrument listener that writes one line for each signal, without secrets and with the causes of errors.
 */
export function createLog({ level, destination = process.stdout }: LogOptions): (signal: Signal) => void {
  const severity = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, silent: 60 };
  const write = destination.isTTY ? createTerminalWriter(destination) : createJsonWriter(destination);
  return (signal) => {
    if (severity[signal.level] >= severity[level]) write(signal);
  };
}

function createJsonWriter(destination: LogDestination): (signal: Signal) => void {
  const logger = pino(
    {
      level: 'trace',
      base: null,
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    // JSON leaves some of these characters as they are, and people read such logs in terminals as well.
    { write: (line) => void destination.write(`${makeVisible(line.trimEnd())}\n`) },
  );
  return ({ level, name, message, facts }) =>
    logger[level]({ event: name, ...Object.assign({}, toLoggable(facts)) }, String(toLoggable(message)));
}

function createTerminalWriter(destination: LogDestination): (signal: Signal) => void {
  const format = createTerminalFormat(destination.hasColors?.() ?? false);
  return ({ level, name, message, facts }) => {
    const shown = { level, name, message: String(toLoggable(message)), facts: toLoggable(facts) };
    destination.write(format(toDate(readTimeOfDay()), shown));
  };
}
