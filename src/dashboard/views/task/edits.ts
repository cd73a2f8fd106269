import type { ReviewPolicy, TaskPriority, UpdateTaskInput } from '../../../sdk/index.js';
import { instantOf, objectOf, textOf, wordsOf } from '../../parts/form-values.js';
import type { TaskDetail } from './task-data.js';

/** The fields of a task that an edit may change. */
export type Edits = Omit<UpdateTaskInput, 'task' | 'expectedVersion'>;

/** The changes that a form describes, or why it describes none. */
export type ReadEdits =
  | { readonly edits: Edits; readonly problem: '' }
  | { readonly edits: null; readonly problem: string };

/** A date field holds no more than the minute, so the seconds of a stored date are no edit. */
const MINUTE = 60_000;

/** Reads the form and keeps what differs from the task, so that an edit does not overwrite other fields. */
export function editsOf(fields: FormData, task: TaskDetail): ReadEdits {
  const text = (name: string) => textOf(fields, name);
  const metadata = objectOf(text('metadata'));
  if (metadata === null) return { edits: null, problem: 'The metadata is not a JSON object.' };
  const edits: Edits = {
    title: text('title'),
    description: text('description') === '' ? null : text('description'),
    priority: text('priority') as TaskPriority,
    reviewPolicy: text('reviewPolicy') as ReviewPolicy,
    tags: wordsOf(text('tags')),
    requires: wordsOf(text('requires')),
    startsAt: instantOf(text('startsAt')),
    dueAt: instantOf(text('dueAt')),
    metadata,
  };
  const changed = Object.entries(edits).filter(([name, value]) => !isSame(name, value, task));
  return { edits: Object.fromEntries(changed), problem: '' };
}

function isSame(name: string, value: unknown, task: TaskDetail): boolean {
  const before: unknown = task[name as keyof Edits & keyof TaskDetail];
  if (name === 'dueAt' || name === 'startsAt') return minuteOf(value) === minuteOf(before);
  if (name === 'description') return (value ?? '') === String(before ?? '').trim();
  return JSON.stringify(value) === JSON.stringify(before);
}

function minuteOf(at: unknown): number | null {
  return typeof at === 'string' ? Math.floor(new Date(at).getTime() / MINUTE) : null;
}
