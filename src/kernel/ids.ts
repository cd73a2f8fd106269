import { randomBytes, randomUUID } from 'node:crypto';
import { typeidUnboxed } from 'typeid-js';

/** The prefix names the kind of the object, so an id of another kind is refused without a query. */
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
  | 'att'
  | 'qst'
  | 'whk'
  | 'srv';

/**
 * Creates an opaque id such as `task_01k…`: a TypeID, which is a prefix and a UUIDv7 in base32.
 * Later ids sort later, so inserts stay at the right edge of primary key indexes.
 */
export function newId(prefix: IdPrefix): string {
  return typeidUnboxed(prefix);
}

const BASE32 = '0123456789abcdefghjkmnpqrstvwxyz';

/** The digits of a TypeID that are its time in milliseconds: two zero bits and 48 bits. */
const TIME_DIGITS = 10;

/** The smallest id that {@link newId} can create at this time, in milliseconds. Ids sort by the clock of their process. */
export function firstIdAt(prefix: IdPrefix, ms: number): string {
  const digits = Array.from({ length: TIME_DIGITS }, (_digit, place) => {
    const weight = 32 ** (TIME_DIGITS - 1 - place);
    return BASE32[Math.floor(ms / weight) % 32];
  });
  return `${prefix}_${digits.join('')}${'0'.repeat(26 - TIME_DIGITS)}`;
}

/**
 * Creates a request id for headers and log lines. It need not be sortable, so it takes a tenth of the time of {@link
 * newId}.
 */
export function newRequestId(): string {
  return `req_${randomUUID().replaceAll('-', '')}`;
}

/** Whether the text has the form of an id with this prefix. The row need not exist. */
export function isId(prefix: IdPrefix, text: string): boolean {
  return (
    text.length === prefix.length + 27 &&
    text.startsWith(`${prefix}_`) &&
    /^[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(text.slice(prefix.length + 1))
  );
}

/** Creates a bearer secret: 256 random bits in base64url, with a prefix that secret scanners can recognise. */
export function newSecret(): string {
  return `mc_${randomBytes(32).toString('base64url')}`;
}

/** Creates a text of 128 random bits that makes a signed token unique. */
export function newNonce(): string {
  return randomBytes(16).toString('base64url');
}

/** Whether the text is a complete secret of newSecret, and not a part of one or another text. */
export function isGeneratedSecret(text: string): boolean {
  return /^mc_[\w-]{43}$/.test(text);
}

/** A random number in [0, 1) for jitter. */
export function randomFraction(): number {
  return Math.random();
}

/** Creates a secret that signs webhooks: 256 random bits in the form of Standard Webhooks. */
export function newSigningSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/** Creates the initialization vector of one encryption. */
export function newInitializationVector(bytes: number): Uint8Array {
  return randomBytes(bytes);
}
