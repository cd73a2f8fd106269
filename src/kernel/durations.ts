const msPerUnit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const shortForm = /^(?<amount>\d+)(?<unit>ms|s|m|h|d)$/;
const isoForm =
  /^P(?=.)(?:(?<w>\d+)W|(?:(?<d>\d+)D)?(?:T(?=.)(?:(?<h>\d+)H)?(?:(?<m>\d+)M)?(?:(?<s>\d+)(?:[.,](?<fraction>\d{1,3})0*)?S)?)?)$/;
const calendarForm = /^P(?:\d+Y|\d+M)/;

/**
 * Parses a duration into milliseconds. Accepts a whole number with a unit (`500ms`, `5s`, `10m`, `2h`, `30d`) or
 * ISO 8601 (`PT10M`, `P1DT2H`, `P1W`; seconds may have a fraction, down to the millisecond).
 *
 * @throws RangeError for any other text, for years and months (they have no fixed length), for signs, and for a
 * duration that is too long to count exactly in milliseconds.
 */
export function parseDuration(text: string): number {
  const ms = shortMs(text) ?? isoMs(text);
  if (ms === undefined) throw new RangeError(`${quote(text)} is not a duration: ${reason(text)}`);
  if (!Number.isSafeInteger(ms)) throw new RangeError(`${quote(text)} is too long a duration`);
  return ms;
}

/**
 * Formats milliseconds as ISO 8601 with days as the largest unit: `PT10M`, `P1D`, `PT1.5S`, `PT0S`.
 *
 * @throws RangeError unless given a whole number of milliseconds from 0.
 */
export function formatIsoDuration(ms: number): string {
  if (!Number.isSafeInteger(ms) || ms < 0)
    throw new RangeError(`${ms} is not a whole number of milliseconds from 0`);
  const days = Math.floor(ms / msPerUnit.d);
  const time = isoTime(ms % msPerUnit.d);
  if (days === 0) return `PT${time || '0S'}`;
  return `P${days}D${time && `T${time}`}`;
}

/** The units from the largest to the smallest, each with the unit to which a duration of this size is rounded. */
const SIZES = [
  { unit: 'day', unitMs: msPerUnit.d, roundMs: msPerUnit.h },
  { unit: 'hour', unitMs: msPerUnit.h, roundMs: msPerUnit.m },
  { unit: 'minute', unitMs: msPerUnit.m, roundMs: msPerUnit.s },
  { unit: 'second', unitMs: msPerUnit.s, roundMs: msPerUnit.s },
] as const;

/**
 * Describes milliseconds for people, rounded, with two units at most: `10 minutes`, `1 hour 30 minutes`, `0.9 seconds`,
 * `under 0.1 seconds`.
 */
export function describeDuration(ms: number): string {
  if (ms < 100) return 'under 0.1 seconds';
  if (ms < 10 * msPerUnit.s) return count(Math.round(ms / 100) / 10, 'second');
  const roundMs = SIZES.find(({ unitMs }) => ms >= unitMs)?.roundMs ?? msPerUnit.s;
  let restMs = Math.round(ms / roundMs) * roundMs;
  const parts: string[] = [];
  for (const { unit, unitMs } of SIZES) {
    const amount = Math.floor(restMs / unitMs);
    restMs -= amount * unitMs;
    if (amount > 0) parts.push(count(amount, unit));
  }
  return parts.join(' ');
}

const count = (amount: number, unit: string) => `${amount} ${unit}${amount === 1 ? '' : 's'}`;

function shortMs(text: string): number | undefined {
  const groups = shortForm.exec(text)?.groups;
  if (!groups) return undefined;
  return Number(groups.amount) * msPerUnit[groups.unit as keyof typeof msPerUnit];
}

function isoMs(text: string): number | undefined {
  const groups = isoForm.exec(text)?.groups;
  if (!groups) return undefined;
  const amount = (unit: string) => Number(groups[unit] ?? 0);
  const days = amount('w') * 7 + amount('d');
  // The fraction is parsed as digits, because as a float 1.005 s would become 1004.999… ms.
  const fractionMs = Number((groups.fraction ?? '').padEnd(3, '0'));
  return (
    days * msPerUnit.d +
    amount('h') * msPerUnit.h +
    amount('m') * msPerUnit.m +
    amount('s') * msPerUnit.s +
    fractionMs
  );
}

function reason(text: string): string {
  if (calendarForm.test(text)) return 'years and months have no fixed length, use weeks or days';
  if (/^[+-]|^P.*-/.test(text)) return 'a sign is not allowed';
  return 'write 500ms, 5s, 10m, 2h, 30d or ISO 8601 such as PT10M, P1D, PT0.5S';
}

/** The text may come from a client, so it is shortened, and escaped so that it can't break a log line. */
function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

function isoTime(ms: number): string {
  const hours = Math.floor(ms / msPerUnit.h);
  const minutes = Math.floor((ms % msPerUnit.h) / msPerUnit.m);
  const restMs = ms % msPerUnit.m;
  const seconds = restMs % 1_000 === 0 ? `${restMs / 1_000}` : (restMs / 1_000).toFixed(3).replace(/0+$/, '');
  return (hours ? `${hours}H` : '') + (minutes ? `${minutes}M` : '') + (restMs ? `${seconds}S` : '');
}
