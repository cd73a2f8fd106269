import { z } from 'zod';
import { toJsonObject } from '../../kernel/json.js';
import { filled, instant, metadata, text, words } from '../input-forms.js';
import { LIMITS } from '../limits.js';

/**
 * The fields of a task that callers set: in createTask, in a follow-up, in the template of a recurring task or a pipeline
 * step, and in updateTask. The checks, the types of these inputs, the written columns and the copies from a template to
 * its tasks derive from this table. Each name is a column of `tasks`. `graphql/tasks/task-fields.ts` publishes the fields.
 */
export const TASK_FIELDS = {
  title: { form: filled(LIMITS.titleLength) },
  description: { form: text(LIMITS.descriptionLength), absent: null },
  priority: { form: z.enum(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW']), absent: 'MEDIUM' },
  dueAt: { form: instant, absent: null, inTemplates: false },
  startsAt: { form: instant, absent: null, inTemplates: false },
  tags: { form: words(LIMITS.tags), absent: [], toColumn: withoutRepeats },
  requires: { form: words(LIMITS.capabilities), absent: [], toColumn: toSortedSet },
  metadata: { form: metadata, absent: {}, toColumn: toJsonObject },
  reviewPolicy: { form: z.enum(['REQUIRED', 'SKIP']), absent: 'REQUIRED' },
} as const satisfies Readonly<Record<string, FieldDefinition>>;

interface FieldDefinition {
  /** The schema of a value. */
  readonly form: z.ZodType;
  /** The value for a field that is left out or null. A field without it is required. */
  readonly absent?: unknown;
  /** False if the field depends on the time of the task's creation, so that templates do not have it. */
  readonly inTemplates?: boolean;
  /** Converts a checked value into the value of the column. */
  toColumn?(value: unknown): unknown;
}

type Fields = typeof TASK_FIELDS;

/** A field of a task that callers set. */
export type TaskField = keyof Fields;

/** A field that templates have as well. `recurring_tasks` and `pipeline_steps` have columns of these names. */
export type TemplateField = {
  [Name in TaskField]: Fields[Name] extends { readonly inTemplates: false } ? never : Name;
}[TaskField];
type OptionalField = {
  [Name in TaskField]: Fields[Name] extends { readonly absent: unknown } ? Name : never;
}[TaskField];

type AsReadonly<Value> = Value extends readonly (infer Item)[] ? readonly Item[] : Value;
type Given<Name extends TaskField> = AsReadonly<z.input<Fields[Name]['form']>>;
type Column<Name extends TaskField> = Fields[Name] extends { toColumn(value: never): infer Value }
  ? Value
  : z.input<Fields[Name]['form']> | (Fields[Name] extends { readonly absent: null } ? null : never);

/** The given fields in the form of an input. */
type Inputs<Name extends TaskField> = {
  readonly [Field in Exclude<Name, OptionalField>]: Given<Field>;
} & { readonly [Field in Name & OptionalField]?: Given<Field> | null | undefined };
type Columns<Name extends TaskField> = { [Field in Name]: Column<Field> };

/** The input fields of a new task. */
export type NewTaskFields = Inputs<TaskField>;

/** The input fields of a template. */
export type TemplateFields = Inputs<TemplateField>;

/** The input fields of an edit. A field that is left out keeps its value. */
export type EditedTaskFields = { readonly [Field in TaskField]?: Given<Field> | null | undefined };

const DEFINITIONS: Readonly<Record<TaskField, FieldDefinition>> = TASK_FIELDS;

/** The names of all fields, in the order of the table. */
export const TASK_FIELD_NAMES = Object.keys(TASK_FIELDS) as TaskField[];

/** The names of the fields that templates have as well. */
export const TEMPLATE_FIELD_NAMES = TASK_FIELD_NAMES.filter(isTemplateField);

/** The names of the fields that an edit can't set to null. */
export const FILLED_FIELD_NAMES = TASK_FIELD_NAMES.filter((name) => DEFINITIONS[name].absent !== null);

/** The columns of a new task with these checked fields. */
export function toTaskColumns(input: NewTaskFields): Columns<TaskField> {
  return toColumns(TASK_FIELD_NAMES, input);
}

/** The columns of a template with these checked fields. */
export function toTemplateColumns(input: TemplateFields): Columns<TemplateField> {
  return toColumns(TEMPLATE_FIELD_NAMES, input);
}

/** The columns that a checked edit writes. */
export function toEditedColumns(edit: EditedTaskFields): Partial<Columns<TaskField>> {
  return toColumns(
    TASK_FIELD_NAMES.filter((name) => edit[name] !== undefined),
    edit,
  );
}

/** The fields that a task copies from its template. */
export function copyTemplate<Row extends Readonly<Record<TemplateField, unknown>>>(
  row: Row,
): Pick<Row, TemplateField> {
  return Object.fromEntries(TEMPLATE_FIELD_NAMES.map((name) => [name, row[name]])) as Pick<
    Row,
    TemplateField
  >;
}

function toColumns<Name extends TaskField>(
  names: readonly Name[],
  input: Readonly<Partial<Record<Name, unknown>>>,
): Columns<Name> {
  const entries = names.map((name) => {
    const { absent, toColumn } = DEFINITIONS[name];
    const value = input[name] ?? absent;
    return [name, toColumn === undefined ? value : toColumn(value)];
  });
  return Object.fromEntries(entries) as Columns<Name>;
}

function isTemplateField(name: TaskField): name is TemplateField {
  return DEFINITIONS[name].inTemplates !== false;
}

/** Equal sets are equal lists: the queue groups tasks by what they require. */
function toSortedSet(list: readonly string[]): string[] {
  return withoutRepeats(list).sort();
}

function withoutRepeats(list: readonly string[]): string[] {
  return [...new Set(list)];
}
