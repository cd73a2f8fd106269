import { isRecord } from '../verbs/coerce.js';

/** The result of a tool: the structured content. */
export type ToolOutput = Readonly<Record<string, unknown>>;

/** The JSON Schema of a structured content. It names the first level only, because all schemas are read in every session. */
export interface OutputSchema {
  readonly type: 'object';
  readonly properties: Record<string, { type: 'string' | 'object' | 'array' | 'number' }>;
  readonly required?: string[];
}

/** An output schema from the types of its properties. A name with `?` may be missing. */
export function outputOf(
  properties: Readonly<Record<string, 'string' | 'object' | 'array' | 'number'>>,
): OutputSchema {
  const names = Object.keys(properties);
  const required = names.filter((name) => !name.endsWith('?'));
  return {
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, type]) => [name.replace('?', ''), { type }]),
    ),
    ...(required.length > 0 && { required }),
  };
}

/** An answer without what says nothing to a model: nulls, empty lists, and the names of GraphQL types. */
function compact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(compact);
  if (!isRecord(value)) return value;
  if (isConnection(value)) return value.nodes.map(compact);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== '__typename')
      .map(([name, inner]) => [name, compact(inner)] as const)
      .filter(([, inner]) => inner !== null && inner !== undefined && !isEmpty(inner)),
  );
}

/** A list of the API with nothing but its entries. */
function isConnection(value: Record<string, unknown>): value is { nodes: unknown[] } {
  return Array.isArray(value.nodes) && Object.keys(value).length === 1;
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : isRecord(value) && Object.keys(value).length === 0;
}

/** The same for an answer that is an object. */
export function compactRecord(value: unknown): ToolOutput {
  const found = compact(value);
  return isRecord(found) ? found : {};
}

/** What a list shows of a task, and what a change of a task answers: the caller knows the texts that it has sent. */
const TASK_FIELDS = [
  'id',
  'ref',
  'title',
  'status',
  'priority',
  'tags',
  'assignee',
  'waitingOn',
  'dueAt',
  'failureReason',
  'updatedAt',
] as const;

/** A task in a few fields. */
export function briefTask(task: unknown): ToolOutput {
  const found = compactRecord(task);
  const brief = Object.fromEntries(
    TASK_FIELDS.filter((name) => name in found).map((name) => [name, found[name]]),
  );
  return isRecord(brief.assignee) ? { ...brief, assignee: brief.assignee.name } : brief;
}
