import { Refusal } from '../refusals.js';

const EXAMPLES = [
  'every weekday at 9am',
  'every 15 minutes',
  'first monday of the month at 10',
  '0 9 * * 1-5',
];

/** A schedule that is not understood, not supported or never due. The message ends with examples of valid ones. */
export class BadSchedule extends Refusal {
  override readonly name = 'BadSchedule';

  constructor(schedule: string, why: string) {
    super(
      'BAD_SCHEDULE',
      `${quote(schedule)} is not a schedule. ${why} Write for example: ${EXAMPLES.join('; ')}.`,
      ['schedule'],
    );
  }
}

/** The text comes from a client, so it is shortened and escaped. */
function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
