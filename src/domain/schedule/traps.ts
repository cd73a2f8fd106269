const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
];

/** Days of each month in a year that is not a leap year. */
const LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** The fields whose steps start again with each larger unit in cron, and that unit. */
const UNITS = [
  { index: 0, unit: 'hour', min: 0, max: 59 },
  { index: 1, unit: 'day', min: 0, max: 23 },
  { index: 2, unit: 'month', min: 1, max: 31 },
  { index: 3, unit: 'year', min: 1, max: 12 },
  { index: 4, unit: 'week', min: 0, max: 6 },
] as const;

/**
 * Notes about meanings of a checked cron expression that readers may not expect. A step restarts in each hour, day, month,
 * year or week, so "every 7 minutes" is not even. For "on day 13 and on Friday" one of the two is enough. Not every month has a day 31.
 */
export function noteTraps(cron: string): string {
  const fields = cron.split(' ');
  const [, , day = '', month = '', weekday = ''] = fields;
  const restarts = UNITS.filter((unit) => isUneven(fields[unit.index] ?? '', unit)).map(({ unit }) => unit);
  const isEither = day !== '*' && weekday !== '*';
  return [
    ...noteMissingDays(day, month, isEither),
    note(weekday.endsWith('#5') ? 'in months that have it' : '', isEither ? 'the fifth weekday ' : ''),
    note(isEither ? 'either day is enough' : ''),
    restarts.length > 0 ? `, restarting each ${restarts.join(' and ')}` : '',
  ].join('');
}

function note(words: string, subject = ''): string {
  return words === '' ? '' : ` (${subject}${words})`;
}

/** Whether an interval of the field, which the description calls "every 7 minutes", has gaps of different lengths. */
function isUneven(field: string, { unit, min, max }: (typeof UNITS)[number]): boolean {
  return field.split(',').some((entry) => {
    const [, first = '', last, step] = /^(\*|\d+)(?:-(\d+))?\/(\d+)$/.exec(entry) ?? [];
    // A range says itself where it begins and ends, unless it is the whole field.
    const isWhole = last === undefined || (Number(first) === min && Number(last) === max);
    if (step === undefined || !isWhole) return false;
    // Months have different lengths, so a step of days always restarts.
    if (unit === 'month') return true;
    const start = first === '*' ? 0 : Number(first) - min;
    return (max - min + 1) % Number(step) !== 0 || start >= Number(step);
  });
}

/** One note for each entry that some of the months do not have: the other entries are due in these months all the same. */
function noteMissingDays(dayField: string, monthField: string, isEither: boolean): string[] {
  const entries = dayField.split(',');
  const months = expandMonths(monthField);
  // With a weekday beside it, the note would seem to concern that one as well.
  const alone = isEither ? 'the day of the month ' : '';
  return entries.map((entry) =>
    note(explainMissingDay(entry, months), entries.length === 1 ? alone : `day ${entry} `),
  );
}

function explainMissingDay(entry: string, months: readonly number[]): string {
  if (!/^(29|30|31)(-\d+)?$/.test(entry)) return '';
  const first = Number.parseInt(entry, 10);
  const lacking = months.filter((month) => first > (LENGTHS[month - 1] ?? 31));
  if (lacking.length === 0) return '';
  if (months.length === 12) return 'in months that have it';
  if (first === 29) return months.length === 1 ? 'only in leap years' : 'in February only in leap years';
  return `not in ${lacking.map((month) => MONTHS[month - 1]).join(', ')}`;
}

function expandMonths(field: string): number[] {
  const months = field.split(',').flatMap((entry) => {
    const [range = '', step = '1'] = entry.split('/');
    const [from = '1', to = entry.includes('/') ? '12' : from] =
      range === '*' ? ['1', '12'] : range.split('-');
    const values: number[] = [];
    for (let month = Number(from); month <= Number(to); month += Number(step)) values.push(month);
    return values;
  });
  return [...new Set(months)].sort((a, b) => a - b);
}
