import { isIP } from 'node:net';
import { parseDuration } from '../kernel/durations.js';
import { Secret } from '../kernel/secret.js';

/** What a setting's text may be, and what it becomes. */
export interface SettingKind<T> {
  /** Completes the sentence "MC_PORT must be …", in error messages and in the documentation. */
  readonly accepts: string;
  /** The value, or undefined for a text that is refused. */
  readonly parse: (text: string) => T | undefined;
  /** Whether the text is never quoted, because it may hold a credential. */
  readonly hidden?: boolean;
}

export function matching(pattern: RegExp, accepts: string): SettingKind<string> {
  return { accepts, parse: (text) => (pattern.test(text) ? text : undefined) };
}

export function wholeNumber(from: number, to: number): SettingKind<number> {
  return {
    accepts: `a whole number from ${from} to ${to}`,
    parse(text) {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return value >= from && value <= to ? value : undefined;
    },
  };
}

/** A duration in milliseconds between two others, both written as a person would: `duration('10ms', '24h')`. */
export function duration(from: string, to: string): SettingKind<number> {
  const [fromMs, toMs] = [parseDuration(from), parseDuration(to)];
  return {
    accepts: `a duration from ${from} to ${to}`,
    parse(text) {
      const ms = durationMs(text);
      return ms !== undefined && ms >= fromMs && ms <= toMs ? ms : undefined;
    },
  };
}

function durationMs(text: string): number | undefined {
  try {
    return parseDuration(text);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

export function oneOf<const Word extends string>(...words: readonly Word[]): SettingKind<Word> {
  return { accepts: `one of ${words.join(', ')}`, parse: (text) => words.find((word) => word === text) };
}

const switchWords = new Map([
  ['on', true],
  ['true', true],
  ['1', true],
  ['off', false],
  ['false', false],
  ['0', false],
]);

export const onOrOff: SettingKind<boolean> = {
  accepts: 'on or off (true or false, 1 or 0)',
  parse: (text) => switchWords.get(text.toLowerCase()),
};

const hostName = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)*$/i;

export const host: SettingKind<string> = {
  accepts: 'a host name or an IP address, without port',
  parse(text) {
    const looksNumeric = /^[\d.]+$/.test(text);
    return isIP(text) !== 0 || (!looksNumeric && hostName.test(text)) ? text : undefined;
  },
};

/** A URL of the given schemes. Credentials have settings of their own: in the URL they would reach the logs. */
export function plainUrl(...schemes: readonly string[]): SettingKind<string> {
  return {
    accepts: `a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}, without user, password, query and fragment`,
    hidden: true,
    parse(text) {
      const url = urlOf(text, schemes);
      return url?.hostname && !/[@?#]/.test(text) ? text : undefined;
    },
  };
}

export const postgresUrl: SettingKind<string> = {
  accepts:
    'a postgresql:// or postgres:// URL with special characters in user and password percent-encoded, such as postgresql://user@localhost/mission_control',
  parse: (text) => (urlOf(text, ['postgresql', 'postgres']) ? text : undefined),
};

/** Browser origins, as a browser writes them. `*` is refused: it would let every web page use a visitor's key. */
export const origins: SettingKind<readonly string[]> = {
  accepts: 'a comma list of http(s) origins such as https://dashboard.example, without path and without *',
  parse(text) {
    const found = splitList(text).map(originOf);
    return found.every((origin) => origin !== undefined) ? [...new Set(found)] : undefined;
  },
};

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function originOf(text: string): string | undefined {
  const url = urlOf(text, ['http', 'https']);
  const hasMore = /[@?#*]/.test(text) || url?.pathname !== '/';
  return url && !hasMore ? url.origin : undefined;
}

function urlOf(text: string, schemes: readonly string[]): URL | undefined {
  const hasScheme = schemes.some((scheme) => text.toLowerCase().startsWith(`${scheme}://`));
  if (!hasScheme || /\s/.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text);
}

export const argv: SettingKind<readonly string[]> = {
  accepts: 'a JSON list of texts that begins with a program, such as ["claude","-p"]',
  hidden: true,
  parse(text) {
    const value = jsonOf(text);
    return isArgv(value) ? value : undefined;
  },
};

/** A null byte would end an argument early in the operating system, so Node refuses to spawn with one. */
function isArgv(value: unknown): value is readonly string[] {
  if (!Array.isArray(value) || !value.every((part) => typeof part === 'string' && !part.includes('\0')))
    return false;
  return value.length > 0 && value[0].trim() !== '';
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The same texts, wrapped so that neither an error nor a log line can show the value. */
export function secret(kind: SettingKind<string>): SettingKind<Secret> {
  return {
    accepts: kind.accepts,
    hidden: true,
    parse(text) {
      const value = kind.parse(text);
      return value === undefined ? undefined : new Secret(value);
    },
  };
}
