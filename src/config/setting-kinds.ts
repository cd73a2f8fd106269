import { isIP } from 'node:net';
import * as z from 'zod';
import { parseDuration } from '../kernel/durations.js';
import { Secret } from '../kernel/secret.js';

/**
 * The schema of a setting's text. Its description completes the sentence "MC_PORT must be …", in error messages and in
 * the documentation.
 */
export type SettingKind<T> = z.ZodType<T, string>;

/** Whether error messages must not quote the text, because it may contain a credential. */
export function isHidden(kind: SettingKind<unknown>): boolean {
  return kind.meta()?.hidden === true;
}

/** Whether the setting is a secret, so that a file can give it and it leaves the environment once it is read. */
export function isSecret(kind: SettingKind<unknown>): boolean {
  return kind.meta()?.secret === true;
}

/** A text that matches the pattern. */
export function matching(pattern: RegExp, accepts: string): SettingKind<string> {
  return z.string().regex(pattern).describe(accepts);
}

/** A long random key. Former ones may follow it, so that it can be replaced. */
export const keyList: SettingKind<string> = matching(
  /^[\x21-\x2b\x2d-\x7e]{32,512}(,[\x21-\x2b\x2d-\x7e]{32,512}){0,4}$/,
  '32 to 512 printable ASCII characters without spaces and commas; up to four former keys may follow after commas',
);

/** A whole number in decimal digits, both bounds included. */
export function wholeNumber(from: number, to: number): SettingKind<number> {
  return z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .pipe(z.number().min(from).max(to))
    .describe(`a whole number from ${from} to ${to}`);
}

/** A duration in milliseconds, both bounds included and written as in the environment: `duration('10ms', '24h')`. */
export function duration(from: string, to: string): SettingKind<number> {
  return z
    .string()
    .transform(readMs)
    .pipe(z.number().min(parseDuration(from)).max(parseDuration(to)))
    .describe(`a duration from ${from} to ${to}`);
}

function readMs(text: string, context: z.RefinementCtx): number {
  try {
    return parseDuration(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    context.addIssue(error.message);
    return z.NEVER;
  }
}

/** One of the words, in exactly this letter case. */
export function oneOf<const Word extends string>(...words: readonly Word[]): SettingKind<Word> {
  return z.enum(words).describe(`one of ${words.join(', ')}`);
}

/** A switch, in any letter case. */
export const onOrOff: SettingKind<boolean> = z
  .stringbool({ truthy: ['on', 'true', '1'], falsy: ['off', 'false', '0'] })
  .describe('on or off (true or false, 1 or 0)');

const hostName = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)*$/i;

/** An address to listen on. Digits and dots alone must be a valid IP address: `1.2.3` is not a host name. */
export const host: SettingKind<string> = z
  .string()
  .refine((text) => isIP(text) !== 0 || (!/^[\d.]+$/.test(text) && hostName.test(text)))
  .describe('a host name or an IP address, without port');

/** A URL of the given schemes. Credentials have settings of their own: in the URL they would reach the logs. */
export function plainUrl(...schemes: readonly string[]): SettingKind<string> {
  const starts = schemes.map((scheme) => `${scheme}://`).join(' or ');
  return z
    .string()
    .refine((text) => !/[@?#]/.test(text) && Boolean(urlOf(text, schemes)?.hostname))
    .meta({
      description: `a URL that begins with ${starts}, without user, password, query and fragment`,
      hidden: true,
    });
}

/** The address of a PostgreSQL database. It may contain a password, so wrap it in {@link secret}. */
export const postgresUrl: SettingKind<string> = z
  .string()
  .refine((text) => urlOf(text, ['postgresql', 'postgres']) !== undefined)
  .describe(
    'a postgresql:// or postgres:// URL with special characters in user and password percent-encoded, such as postgresql://user@localhost/mission_control',
  );

const webOrigin = z
  .string()
  .refine((text) => !/[@?#*]/.test(text) && urlOf(text, ['http', 'https'])?.pathname === '/')
  .transform((text) => new URL(text).origin);

/** The origin of an extension or an app, such as chrome-extension, vscode-webview or tauri. */
const appOrigin = z
  .string()
  .regex(/^(?!https?:|wss?:|ftp:|file:|data:|blob:|javascript:)[a-z][a-z\d+.-]*:\/\/[\w.:-]+\/?$/i)
  .transform((text) => text.toLowerCase().replace(/\/$/, ''));

/** The origin of all pages that Electron loads from files. */
const fileOrigin = z.literal('file://');

const origin = z.union([webOrigin, appOrigin, fileOrigin]);

/** Browser origins, as a browser writes them. `*` is refused: it would let every web page use a visitor's key. */
export const origins: SettingKind<readonly string[]> = z
  .string()
  .transform(splitList)
  .pipe(z.array(origin))
  .transform((found): readonly string[] => [...new Set(found)])
  .describe(
    'a comma list of origins such as https://dashboard.example or tauri://localhost, without path and without *',
  );

/** A path, without the slash at its end: the root is empty. */
export const pathPrefix: SettingKind<string> = z
  .string()
  .regex(/^\/$|^(\/[\w.~-]+)+\/?$/)
  .refine((text) => !/\/\.{1,2}(\/|$)/.test(text))
  .transform((text) => text.replace(/\/$/, ''))
  .describe('a path such as /tools/mission-control');

/** Absolute paths, or paths in the home folder of the account that uses them. */
export const paths: SettingKind<readonly string[]> = z
  .string()
  .transform(splitList)
  .pipe(z.array(z.string().regex(/^(~\/|\/)\P{Cc}*$/u)))
  .transform((found): readonly string[] => found)
  .describe('a comma list of absolute paths; `~/` begins one in the home folder');

/** Names of environment variables, or beginnings of names. */
export const variableNames: SettingKind<readonly string[]> = z
  .string()
  .transform(splitList)
  .pipe(z.array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*\*?$/)))
  .transform((found): readonly string[] => found)
  .describe('a comma list of names, each with `*` at its end for all names that begin so');

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function urlOf(text: string, schemes: readonly string[]): URL | undefined {
  const hasScheme = schemes.some((scheme) => text.toLowerCase().startsWith(`${scheme}://`));
  if (!hasScheme || /\s/.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text);
}

/** A null byte would end an argument early in the operating system, so Node refuses to spawn with one. */
const argument = z.string().refine((part) => !part.includes('\0'));

/** A program and its arguments. */
export const argv: SettingKind<readonly string[]> = z
  .string()
  .transform(readJson)
  .pipe(
    z
      .array(argument)
      .refine(([program = '']) => program.trim() !== '')
      .readonly(),
  )
  .meta({
    description: 'a JSON list of texts that begins with a program, such as ["claude","-p"]',
    hidden: true,
  });

function readJson(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue('is not JSON');
    return z.NEVER;
  }
}

/** The same texts, wrapped so that neither an error nor a log line can show the value. */
export function secret(kind: SettingKind<string>): SettingKind<Secret> {
  return kind
    .transform((text) => new Secret(text))
    .meta({ description: kind.description ?? '', hidden: true, secret: true });
}
