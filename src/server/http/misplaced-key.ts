import type { IncomingMessage } from 'node:http';

/** A key, alone or after the name of a scheme. */
const KEY = /^(\w+ +)?mc_\w/;
const KEY_IN_ADDRESS = /[?&]([\w.-]{1,40})=mc_\w/;

/**
 * Where the request has a key that is not read, for the error message: another header than `Authorization`, or the address.
 * Null if nowhere. X-API-Key counts whatever it contains.
 */
export function findMisplacedKey({ headers, url }: IncomingMessage): string | null {
  if (headers['x-api-key'] !== undefined) return 'as X-API-Key';
  for (const [name, value] of Object.entries(headers))
    if (name !== 'authorization' && KEY.test(String(value))) return `in the header ${name}`;
  const parameter = KEY_IN_ADDRESS.exec(url ?? '')?.[1];
  return parameter === undefined ? null : `in the address, as ${parameter}`;
}
