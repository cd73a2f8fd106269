import type { Level } from '../kernel/instrument.js';
import { makeVisible } from './visible-text.js';

/** A signal with facts that are safe to show. */
export interface ShownSignal {
  readonly level: Level;
  readonly name: string;
  readonly message: string;
  readonly facts: unknown;
}

const colours: Record<Level, number> = { trace: 90, debug: 90, info: 36, warn: 33, error: 31 };
const dim = 90;

/** Formats lines for people: time of day, level, message and facts. The stacks of an error and its causes follow. */
export function createTerminalFormat(hasColors: boolean): (at: Date, signal: ShownSignal) => string {
  const paint = (colour: number, text: string) => (hasColors ? `\u001b[${colour}m${text}\u001b[0m` : text);
  return (at, { level, name, message, facts }) => {
    const time = at.toISOString().slice(11, 23);
    const { error, ...others } = Object.assign({ error: undefined }, facts);
    const details = [
      name,
      ...Object.entries(others).map(([key, value]) => `${makeVisible(key)}=${toText(value)}`),
    ];
    const head = `${paint(dim, time)} ${paint(colours[level], level.toUpperCase().padEnd(5))} ${makeVisible(message)}`;
    return `${head} ${paint(dim, details.join(' '))}\n${describeError(error)}`;
  };
}

function toText(value: unknown): string {
  const isPlain = typeof value === 'string' && /^[^\s"=\p{Cc}]+$/u.test(value);
  return makeVisible(isPlain ? value : JSON.stringify(value));
}

function describeError(error: unknown, label = ''): string {
  if (error === undefined) return '';
  if (!isShownError(error)) return `    ${label}${toText(error)}\n`;
  const stack = error.stack || `${error.type}: ${error.message}`;
  const lines = stack
    .split('\n')
    .map((line, index) => `    ${index === 0 ? label : ''}${makeVisible(line)}\n`);
  return lines.join('') + describeError(error.cause, 'caused by ');
}

interface ShownError {
  readonly type: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: unknown;
}

function isShownError(value: unknown): value is ShownError {
  return typeof value === 'object' && value !== null && 'type' in value && 'message' in value;
}
