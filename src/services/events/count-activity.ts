import { type CountedStep, countActivity } from '../../store/activity/count-activity.js';
import { repairActivity } from '../../store/activity/repair-activity.js';
import type { ServiceContext } from '../service-context.js';

type Context = Pick<ServiceContext, 'database'>;

/** Events counted by one statement: few enough to take some hundred milliseconds, and enough that the rows of counts are shared. */
const BATCH = 20_000;

/**
 * Adds the next events of the log to the counts from which the statistics are read. If several processes call this concurrently,
 * only one of them counts.
 */
export async function countNextEvents({ database }: Context): Promise<CountedStep> {
  return countActivity(database.pool, BATCH);
}

/** Adds all events of the log to the counts, except those that another process is counting now. */
export async function countAllEvents(context: Context): Promise<void> {
  let step: CountedStep;
  do step = await countNextEvents(context);
  while (step.hasMore);
}

/** Compares the counts of one more day with the log, and corrects them. Returns the number of corrected counts. */
export async function checkActivity({ database }: Context): Promise<number> {
  const { day, repaired } = await repairActivity(database.pool);
  if (repaired > 0) {
    const message = 'Counts of the statistics differed from the log and were corrected';
    database.instrument.emit('warn', 'activity.repaired', message, { day, repaired });
  }
  return repaired;
}
