import { isId } from '../../kernel/ids.js';

/** The digits of TypeIDs, which leave out i, l, o and u. */
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';

/** The largest bigint of PostgreSQL. */
const MAX_NUMBER = 2n ** 63n - 1n;

/** The public id of an event. An event from before positions existed keeps the number that it had then. */
export function idOfEvent({
  id,
  formerId,
}: {
  readonly id: bigint;
  readonly formerId: bigint | null;
}): string {
  return formatEventId(formerId ?? id);
}

/** Formats the number of an event in base 32, in the form of all other ids. */
export function formatEventId(number: bigint): string {
  let digits = '';
  for (let rest = number; rest > 0n; rest /= 32n) digits = DIGITS.charAt(Number(rest % 32n)) + digits;
  return `evt_${digits.padStart(26, '0')}`;
}

/** Parses the id of an event into its number in the log. Null for a text that is not the id of an event. */
export function parseEventId(id: string): bigint | null {
  if (!isId('evt', id)) return null;
  const number = [...id.slice(4)].reduce((sum, digit) => sum * 32n + BigInt(DIGITS.indexOf(digit)), 0n);
  return number <= MAX_NUMBER ? number : null;
}
