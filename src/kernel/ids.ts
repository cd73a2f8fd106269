import { randomBytes, randomUUID } from 'node:crypto';
import { typeidUnboxed } from 'typeid-js';

/** The prefix says what an id names, so a wrong id is refused before a query is made. */
export type IdPrefix =
  | 'task'
  | 'agt'
  | 'run'
  | 'rev'
  | 'rvr'
  | 'cmt'
  | 'evt'
  | 'key'
  | 'rec'
  | 'pip'
  | 'plr'
  | 'srv';

/**
 * A new opaque id such as `task_01k…`: a TypeID, which is a UUIDv7 in base32 behind a prefix.
 * Ids made later sort later, which keeps inserts at the right edge of primary key indexes.
 */
export function newId(prefix: IdPrefix): string {
  return typeidUnboxed(prefix);
}

/** A new id of a request, for headers and log lines: it sorts nowhere, so it may be made in a tenth of the time. */
export function newRequestId(): string {
  return `req_${randomUUID().replaceAll('-', '')}`;
}

/** Whether the text has the form of an id with this prefix. Says nothing about whether such a row exists. */
export function isId(prefix: IdPrefix, text: string): boolean {
  return (
    text.length === prefix.length + 27 &&
    text.startsWith(`${prefix}_`) &&
    /^[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(text.slice(prefix.length + 1))
  );
}

/** A new bearer secret: 256 random bits in base64url behind a prefix that secret scanners can recognise. */
export function newSecret(): string {
  return `mc_${randomBytes(32).toString('base64url')}`;
}

/** A number in [0, 1) for jitter; the only source of randomness besides ids and secrets. */
export function randomFraction(): number {
  return Math.random();
}
