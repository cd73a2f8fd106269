/** How a text begins that a client sends under one idempotency key, and that must therefore be stored once. */
export const SENT_ONCE = 'Once: ';

/** A text that no other call sends. */
export function sentOnce(key: string): string {
  return `${SENT_ONCE}${key}`;
}
