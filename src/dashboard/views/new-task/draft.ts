import type {
  CreateTaskInput,
  DependencyFailurePolicy,
  ReviewPolicy,
  TaskPriority,
} from '../../../sdk/index.js';

/** The input that a form describes, or why it describes none. */
export type Drafted =
  | { readonly input: CreateTaskInput; readonly problem: '' }
  | { readonly input: null; readonly problem: string };

/** Reads the form. What was left empty is left out, so that the server's defaults hold. */
export function draftOf(fields: FormData): Drafted {
  const text = (name: string) => String(fields.get(name) ?? '').trim();
  const metadata = parseObject(text('metadata'));
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
    metadata,
  };
  const given = Object.entries(input).filter(([, value]) => !isEmpty(value));
  return { input: { ...Object.fromEntries(given), title: input.title }, problem: '' };
}

function wordsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

/** What the browser gives is in the zone of the reader. */
function instantOf(text: string): string | undefined {
  return text === '' ? undefined : new Date(text).toISOString();
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

/** Undefined for an empty text, null for one that is no JSON object. */
function parseObject(text: string): Record<string, unknown> | undefined | null {
  if (text === '') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}
