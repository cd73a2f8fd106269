import type { LogEvent } from '../src/sdk/index.js';

/** An event that is about a task. */
export type TaskEvent = Extract<LogEvent, { readonly task: unknown }>;

/** `09:31:02.123  task.claimed     TASK-12  otto     Count the words of README.md` */
export function formatEvent(event: TaskEvent): string {
  const { at, type, task, actor } = event;
  const columns = [
    at.slice(11, 23),
    type.padEnd(18),
    (task?.ref ?? '').padEnd(8),
    actor.displayName.padEnd(6),
  ];
  const reason = 'reason' in event ? event.reason : null;
  return `${columns.join('  ')}  ${reason ?? task?.title ?? ''}`;
}
