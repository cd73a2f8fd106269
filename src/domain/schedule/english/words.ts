/** The weekdays of a word. 0 is Sunday. */
export const WEEKDAYS: ReadonlyMap<string, readonly number[]> = new Map([
  ...days(['sunday', 'sun'], 0),
  ...days(['monday', 'mon'], 1),
  ...days(['tuesday', 'tues', 'tue'], 2),
  ...days(['wednesday', 'weds', 'wed'], 3),
  ...days(['thursday', 'thurs', 'thur', 'thu'], 4),
  ...days(['friday', 'fri'], 5),
  ...days(['saturday', 'sat'], 6),
  ...dayGroups(['weekday', 'workday', 'workingday', 'businessday'], [1, 2, 3, 4, 5]),
  ...dayGroups(['weekend'], [0, 6]),
]);

/** The number of a month, from 1. */
export const MONTHS: ReadonlyMap<string, number> = new Map(
  [
    ['january', 'jan'],
    ['february', 'feb'],
    ['march', 'mar'],
    ['april', 'apr'],
    ['may'],
    ['june', 'jun'],
    ['july', 'jul'],
    ['august', 'aug'],
    ['september', 'sept', 'sep'],
    ['october', 'oct'],
    ['november', 'nov'],
    ['december', 'dec'],
  ].flatMap((names, index) => names.map((name) => [name, index + 1] as const)),
);

/** A unit of intervals. */
export type Unit = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year';

/** The unit of a word, such as `hours` or `hr`. */
export const UNITS: ReadonlyMap<string, Unit> = new Map([
  ...forms('minute', 'min'),
  ...forms('hour', 'hr'),
  ...forms('day'),
  ...forms('week'),
  ...forms('month'),
  ...forms('quarter'),
  ...forms('year'),
]);

/** Words that are an interval by themselves. */
export const ADVERBS: ReadonlyMap<string, { readonly amount: number; readonly unit: Unit }> = new Map([
  ['hourly', { amount: 1, unit: 'hour' }],
  ['daily', { amount: 1, unit: 'day' }],
  ['nightly', { amount: 1, unit: 'day' }],
  ['weekly', { amount: 1, unit: 'week' }],
  ['biweekly', { amount: 2, unit: 'week' }],
  ['fortnightly', { amount: 2, unit: 'week' }],
  ['monthly', { amount: 1, unit: 'month' }],
  ['quarterly', { amount: 1, unit: 'quarter' }],
  ['yearly', { amount: 1, unit: 'year' }],
  ['annually', { amount: 1, unit: 'year' }],
]);

/** The ordinals that are written as words. */
export const ORDINALS: ReadonlyMap<string, number> = new Map([
  ['first', 1],
  ['second', 2],
  ['third', 3],
  ['fourth', 4],
  ['fifth', 5],
]);

/** The numbers that are written as words. */
export const NUMBERS: ReadonlyMap<string, number> = new Map([
  ['one', 1],
  ['two', 2],
  ['three', 3],
  ['four', 4],
  ['five', 5],
  ['six', 6],
  ['seven', 7],
  ['eight', 8],
  ['nine', 9],
  ['ten', 10],
  ['eleven', 11],
  ['twelve', 12],
  ['fifteen', 15],
  ['twenty', 20],
  ['thirty', 30],
]);

/** A part of the day: its hour if no time is given, and the range of its hours. Hours from 24 are on the next day. */
export interface DayPart {
  readonly hour: number;
  readonly from: number;
  readonly to: number;
}

/** The parts of the day. Midnight and noon are times instead. */
export const DAY_PARTS: ReadonlyMap<string, DayPart> = new Map([
  ['morning', { hour: 9, from: 0, to: 11 }],
  ['afternoon', { hour: 15, from: 12, to: 17 }],
  ['evening', { hour: 18, from: 16, to: 23 }],
  ['night', { hour: 22, from: 18, to: 29 }],
]);

/** The part of the day of `nightly`: midnight if no time is given, otherwise a time at night. */
export const NIGHTLY: DayPart = { hour: 0, from: 18, to: 29 };

/** Words between the two ends of a range. */
export const TO: readonly string[] = ['to', 'through', 'thru', 'until', 'till'];

/** Words that add nothing to the meaning. */
export const FILLERS: ReadonlySet<string> = new Set([
  ...['on', 'in', 'of', 'the', 'and', 'a', 'an', 'at', 'per', 'run', 'once', 'day', 'days'],
]);

function days(names: readonly string[], day: number): [string, readonly number[]][] {
  return dayGroups(names, [day]);
}

function dayGroups(names: readonly string[], group: readonly number[]): [string, readonly number[]][] {
  return names.flatMap((name) => [
    [name, group],
    [`${name}s`, group],
  ]);
}

function forms(unit: Unit, short?: string): [string, Unit][] {
  return [unit, `${unit}s`, ...(short === undefined ? [] : [short, `${short}s`])].map((form) => [form, unit]);
}
