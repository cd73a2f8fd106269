/**
 * A schedule was understood but is not one cron expression. The message has the reason and, if possible, similar ones.
 */
export class UnsupportedSchedule extends Error {
  override readonly name = 'UnsupportedSchedule';
}
