import {
  type CreateRecurringTask,
  createRecurringTask,
} from '../../../src/services/recurring/create-recurring-task.js';
import type { TaskTemplate } from '../../../src/services/recurring/task-template.js';
import type { RecurringTaskRow } from '../../../src/store/recurring/recurring-tasks.js';
import type { TestServices } from './services.js';

let made = 0;

/** Creates a recurring task, by default an hourly one. */
export async function aRecurringTask(
  services: TestServices,
  {
    template,
    ...input
  }: Partial<Omit<CreateRecurringTask, 'template'>> & { readonly template?: Partial<TaskTemplate> } = {},
): Promise<RecurringTaskRow> {
  made += 1;
  return createRecurringTask(services, services.admin, {
    name: `recurring ${made}`,
    schedule: 'hourly',
    ...input,
    template: { title: `Report ${made}`, ...template },
  });
}

/** A daily schedule whose next due time is about half a day away, so that it is never due during a test. */
export function aFarSchedule(): string {
  const next = new Date(Date.now() + 12 * 3_600_000);
  return `${next.getUTCMinutes()} ${next.getUTCHours()} * * *`;
}

/** The database's time minus this many minutes, cut to the full minute. */
export async function minutesAgo(services: TestServices, minutes: number): Promise<Date> {
  const [row] = await services.sql<{ at: Date }>(
    `SELECT date_trunc('minute', now()) - $1 * interval '1 minute' AS at`,
    [minutes],
  );
  if (row === undefined) throw new Error('no clock');
  return row.at;
}

/** Sets the next due time, as if no server had run since then. */
export async function wasDueAt(services: TestServices, id: string, at: Date): Promise<void> {
  await services.sql('UPDATE recurring_tasks SET next_due_at = $2 WHERE id = $1', [id, at]);
}

/** The tasks of a recurring task, by due time. */
export function childrenOf(services: TestServices, id: string) {
  return services.sql<{
    id: string;
    title: string;
    status: string;
    scheduled_for: Date;
    due_at: Date | null;
  }>(
    'SELECT id, title, status, scheduled_for, due_at FROM tasks WHERE recurring_task_id = $1 ORDER BY scheduled_for',
    [id],
  );
}

/** The firings of a recurring task, the oldest first. */
export function firingsOf(services: TestServices, id: string) {
  return services.sql<{
    due_at: Date;
    task_id: string | null;
    skipped_reason: string | null;
    by_hand: boolean;
  }>(
    'SELECT due_at, task_id, skipped_reason, by_hand FROM recurring_firings WHERE recurring_task_id = $1 ORDER BY due_at',
    [id],
  );
}

/** The events of a recurring task, oldest first. */
export function recurringEventsOf(services: TestServices, id: string) {
  return services.sql<{ type: string; task_id: string | null; payload: object }>(
    'SELECT type, task_id, payload FROM events WHERE recurring_task_id = $1 ORDER BY id',
    [id],
  );
}
