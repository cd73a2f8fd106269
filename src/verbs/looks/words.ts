import type { AgentStatus, TaskPriority, TaskStatus } from '../../sdk/index.js';
import type { Look, Style } from './look.js';

/** A value of the API's enums as people read it: `IN_PROGRESS` becomes `in progress`. */
export function words(value: string): string {
  return value.toLowerCase().replaceAll('_', ' ');
}

/** A number of things: `1 task`, `3 tasks`. */
export function count(amount: number, thing: string): string {
  return `${amount} ${thing}${amount === 1 ? '' : 's'}`;
}

const styles: Readonly<Partial<Record<TaskStatus | AgentStatus, Style>>> = {
  DONE: 'good',
  IDLE: 'good',
  BUSY: 'good',
  FAILED: 'bad',
  ERROR: 'bad',
  REVIEW: 'warning',
  PAUSED: 'warning',
  CANCELLED: 'quiet',
  OFFLINE: 'quiet',
};

/** The status of a task or an agent in its colour. */
export function status(value: TaskStatus | AgentStatus, look: Look): string {
  const style = styles[value];
  return style === undefined ? words(value) : look.paint(style, words(value));
}

/** A priority; the urgent ones stand out. */
export function priority(value: TaskPriority, look: Look): string {
  if (value === 'CRITICAL') return look.paint('bad', words(value));
  return value === 'HIGH' ? look.paint('warning', words(value)) : words(value);
}
