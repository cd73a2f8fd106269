import { isDeepStrictEqual } from 'node:util';
import { toActor, type Viewer } from '../../domain/actor.js';
import { findMistakes, refuse, refuseNulls } from '../../domain/inputs.js';
import { parseSchedule } from '../../domain/schedule/schedule.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import {
  isRecurringNameTaken,
  type RecurringTaskRow,
  updateRecurringTaskRow,
} from '../../store/recurring/recurring-tasks.js';
import { checkVersion } from '../check-version.js';
import { toLookup } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import {
  type CreateRecurringTask,
  checkTimeZone,
  findNextDueAt,
  getRecurringTask,
  nameTaken,
} from './create-recurring-task.js';
import { findTemplateMistakes, resolveTemplate, type TemplateColumns } from './task-template.js';

type Editable = {
  readonly [Field in keyof Omit<CreateRecurringTask, 'idempotencyKey'>]?:
    | CreateRecurringTask[Field]
    | null
    | undefined;
};

export interface UpdateRecurringTask extends Editable {
  readonly id: string;
  readonly expectedVersion?: number | null | undefined;
}

/**
 * Changes the given fields; a template replaces the whole old template. A new schedule applies from now on. Existing
 * tasks do not change. An edit that changes nothing succeeds without a new version and without an event.
 * @throws {BadSchedule} @throws {VersionConflict} @throws {Refusal} NOT_FOUND, ALREADY_EXISTS, UNKNOWN_AGENT.
 */
export async function updateRecurringTask(
  context: Pick<ServiceContext, 'database'>,
  viewer: Viewer,
  input: UpdateRecurringTask,
): Promise<RecurringTaskRow> {
  refuse([
    ...findMistakes(input, [['name', 'recurringName']]),
    ...(input.template ? findTemplateMistakes(input.template, ['template']) : []),
  ]);
  refuseNulls(input, ['name', 'schedule', 'timeZone', 'template', 'catchUp', 'overlap']);
  const timing = timingOf(input);
  return inTransaction(context.database, async (tx) => {
    const row = await getRecurringTask(tx, toLookup(input.id));
    checkVersion(row, input.expectedVersion);
    const template = input.template ? await resolveTemplate(tx.executor, input.template) : {};
    const { changes, changedFields } = changesOf(row, { ...plainOf(input), ...timing }, template);
    if (changedFields.length === 0) return row;
    if (changes.name !== undefined && (await isRecurringNameTaken(tx, changes.name, row.id)))
      throw nameTaken(changes.name);
    const updated = await updateRecurringTaskRow(tx, row.id, {
      ...changes,
      ...(await dueOf(tx, row, changes)),
    });
    tx.emit({
      type: 'recurring.updated',
      actor: toActor(viewer),
      recurringTaskId: row.id,
      agentId: updated.assigneeId,
      payload: { changedFields },
    });
    return updated;
  });
}

type Changes = { -readonly [Column in keyof RecurringTaskRow]?: RecurringTaskRow[Column] };

function timingOf({ schedule, timeZone }: UpdateRecurringTask): Changes {
  return {
    ...(schedule ? { schedule: schedule.trim(), cron: parseSchedule(schedule).cron } : {}),
    ...(schedule === '' ? { cron: parseSchedule('').cron } : {}),
    ...(timeZone ? { timeZone: checkTimeZone(timeZone) } : {}),
  };
}

function plainOf({ name, catchUp, overlap }: UpdateRecurringTask): Changes {
  return { ...(name ? { name } : {}), ...(catchUp ? { catchUp } : {}), ...(overlap ? { overlap } : {}) };
}

/** The columns that differ from the stored ones, and the names of the changed fields in the API. */
function changesOf(row: RecurringTaskRow, requested: Changes, template: Partial<TemplateColumns>) {
  const stored = new Map<string, unknown>(Object.entries(row));
  const differing = (columns: object) =>
    Object.fromEntries(
      Object.entries(columns).filter(([name, value]) => !isDeepStrictEqual(value, stored.get(name))),
    );
  const [own, ofTemplate] = [differing(requested), differing(template)];
  const changes: Changes = { ...own, ...ofTemplate };
  const changedFields = [...Object.keys(own), ...(Object.keys(ofTemplate).length > 0 ? ['template'] : [])];
  return { changes, changedFields };
}

/** The next due time for a new schedule. A paused recurring task has none. */
async function dueOf(tx: Transaction, row: RecurringTaskRow, { cron, timeZone }: Changes): Promise<Changes> {
  const isNew = cron !== undefined || timeZone !== undefined;
  if (!isNew || row.pausedAt !== null) return {};
  return {
    nextDueAt: await findNextDueAt(tx, { cron: cron ?? row.cron, timeZone: timeZone ?? row.timeZone }),
  };
}
