import { toActor, type Viewer } from '../../domain/actor.js';
import { findMistakes, refuse } from '../../domain/inputs.js';
import { Refusal } from '../../domain/refusals.js';
import { openRecurrence, type Recurrence } from '../../domain/schedule/recurrence.js';
import { parseSchedule } from '../../domain/schedule/schedule.js';
import { parseTimeZone } from '../../domain/schedule/time-zone.js';
import { toDate } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import { readNow } from '../../store/ops/database-clock.js';
import {
  insertRecurringTask,
  lockRecurringTask,
  type RecurringTaskRow,
} from '../../store/recurring/recurring-tasks.js';
import { findEarlier } from '../idempotency.js';
import { toShown } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { findTemplateMistakes, resolveTemplate, type TaskTemplate } from './task-template.js';

export interface CreateRecurringTask {
  readonly name: string;
  readonly schedule: string;
  readonly timeZone?: string | null | undefined;
  readonly template: TaskTemplate;
  readonly catchUp?: RecurringTaskRow['catchUp'] | null | undefined;
  readonly overlap?: RecurringTaskRow['overlap'] | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

/**
 * Creates a recurring task, which creates a task from its template at each due time of its schedule.
 * @throws {BadSchedule} @throws {Refusal} ALREADY_EXISTS for a name that is taken, UNKNOWN_AGENT.
 */
export async function createRecurringTask(
  context: Pick<ServiceContext, 'database'>,
  viewer: Viewer,
  input: CreateRecurringTask,
): Promise<RecurringTaskRow> {
  refuse([
    ...findMistakes(input, [['name', 'recurringName']]),
    ...findTemplateMistakes(input.template, ['template']),
    ...findMistakes(input, ['idempotencyKey']),
  ]);
  const { cron } = parseSchedule(input.schedule);
  const timeZone = checkTimeZone(input.timeZone ?? 'UTC');
  return inTransaction(context.database, async (tx) => {
    const id = newId('rec');
    const earlier = await findEarlier(tx, viewer, 'createRecurringTask', input, id);
    if (earlier !== null) return getRecurringTask(tx, earlier);
    const row = await insertRecurringTask(tx, {
      id,
      name: input.name,
      schedule: input.schedule.trim(),
      cron,
      timeZone,
      catchUp: input.catchUp ?? 'SKIP',
      overlap: input.overlap ?? 'ALLOW',
      ...(await resolveTemplate(tx.executor, input.template)),
      nextDueAt: await findNextDueAt(tx, { cron, timeZone }),
    });
    if (row === null) throw nameTaken(input.name);
    tx.emit({
      type: 'recurring.created',
      actor: toActor(viewer),
      recurringTaskId: id,
      agentId: row.assigneeId,
    });
    return row;
  });
}

/** Returns the canonical name of the time zone. @throws {Refusal} INVALID. */
export function checkTimeZone(name: string): string {
  const zone = parseTimeZone(name);
  if (zone !== null) return zone;
  throw new Refusal(
    'INVALID',
    `${JSON.stringify(name.slice(0, 80))} is not an IANA time zone, such as Europe/Berlin or UTC.`,
    ['timeZone'],
  );
}

/** The next due time after now, by the database clock; null if there is none. */
export async function findNextDueAt(tx: Transaction, recurrence: Recurrence): Promise<Date | null> {
  const next = openRecurrence(recurrence)((await readNow(tx.executor)).getTime());
  return next === null ? null : toDate(next);
}

/** Finds a recurring task by id, otherwise by name, and locks it. @throws {Refusal} NOT_FOUND. */
export async function getRecurringTask(tx: Transaction, idOrName: string): Promise<RecurringTaskRow> {
  const row = await lockRecurringTask(tx, idOrName);
  if (row === null)
    throw new Refusal('NOT_FOUND', `There is no recurring task with the id or name ${toShown(idOrName)}.`, [
      'id',
    ]);
  return row;
}

/** The refusal for a name that another recurring task has. */
export function nameTaken(name: string): Refusal {
  return new Refusal('ALREADY_EXISTS', `A recurring task ${name} already exists: choose another name.`, [
    'name',
  ]);
}
