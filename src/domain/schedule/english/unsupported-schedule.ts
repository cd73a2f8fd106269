/** Why a schedule that was understood can't be kept as one cron expression, and what comes near. */
export class NotSayable extends Error {
  override readonly name = 'NotSayable';
}
