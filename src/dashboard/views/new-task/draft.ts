import type {
  CreateTaskInput,
  DependencyFailurePolicy,
  ReviewPolicy,
  TaskPriority,
} from '../../../sdk/index.js';
import { instantOf, objectOf, textOf, wordsOf } from '../../parts/form-values.js';

/** The input that a form describes, or why it describes none. */
export type Drafted =
  | { readonly input: CreateTaskInput; readonly problem: '' }
  | { readonly input: null; readonly problem: string };

/** Reads the form. What was left empty is left out, so that the server's defaults hold. */
export function draftOf(fields: FormData): Drafted {
  const text = (name: string) => textOf(fields, name);
  const metadata = objectOf(text('metadata'));
  if (metadata === null) return { input: null, problem: 'The metadata is not a JSON object.' };
  const input = {
    title: text('title'),
    description: text('description'),
    priority: text('priority') as TaskPriority,
    reviewPolicy: text('reviewPolicy') as ReviewPolicy,
    onDependencyFailure: text('onDependencyFailure') as DependencyFailurePolicy,
    assignee: text('assignee') === '' ? undefined : { name: text('assignee') },
    tags: wordsOf(text('tags')),
    requires: wordsOf(text('requires')),
    dependsOn: wordsOf(text('dependsOn')).map((ref) => ({ ref: ref.toUpperCase() })),
    startsAt: instantOf(text('startsAt')),
    dueAt: instantOf(text('dueAt')),
    metadata: text('metadata') === '' ? undefined : metadata,
  };
  const given = Object.entries(input).filter(([, value]) => !isEmpty(value));
  return { input: { ...Object.fromEntries(given), title: input.title }, problem: '' };
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
  );
}
