/** The number as the caller wrote it is not quoted beyond this length. */
const MAX_QUOTED_LENGTH = 60;

/**
 * Says how a number of a JSON text or of a GraphQL document is rounded when it becomes a 64-bit floating-point number, as
 * the rest of a sentence. Null if it keeps its decimal value, as 0.1 does, which is also what it is printed as.
 *
 * Numbers without end and integers beyond 2^53 are not its subject: their value alone shows that they can't be kept.
 */
export function explainRounding(source: string): string | null {
  const value = Number(source);
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) return null;
  if (toDecimal(source) === toDecimal(String(value))) return null;
  const quoted = source.length <= MAX_QUOTED_LENGTH ? source : `${source.slice(0, MAX_QUOTED_LENGTH)}…`;
  return `${quoted}, which would be rounded to ${value}: send it as a string`;
}

/** One text for each decimal value: significant digits and the exponent of the last one. */
function toDecimal(source: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(source) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  if (digits === '') return '0';
  let end = digits.length;
  // Not /0+$/: its time is quadratic for a long run of zeros in the middle.
  while (digits[end - 1] === '0') end--;
  return `${sign}${digits.slice(0, end)}e${Number(exponent) - fraction.length + digits.length - end}`;
}
