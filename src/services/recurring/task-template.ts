import type { Check } from '../../domain/inputs.js';
import type { Executor } from '../../postgres/statement.js';
import type { RecurringTaskRow } from '../../store/recurring/recurring-tasks.js';
import { toJsonObject } from '../../store/stored-json.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import { type AgentRef, getAgentByRef } from '../refs.js';

/** What a task is to be like that is made later. */
export interface TaskTemplate {
  readonly title: string;
  readonly description?: string | null | undefined;
  readonly priority?: TaskRow['priority'] | null | undefined;
  readonly assignee?: AgentRef | null | undefined;
  readonly tags?: readonly string[] | null | undefined;
  /** How long after the due time it is to be done, in milliseconds. */
  readonly dueIn?: number | null | undefined;
  readonly metadata?: Record<string, unknown> | null | undefined;
  readonly reviewPolicy?: TaskRow['reviewPolicy'] | null | undefined;
}

/** What {@link toTemplateColumns} writes. */
export type TemplateColumns = Pick<
  RecurringTaskRow,
  'title' | 'description' | 'priority' | 'assigneeId' | 'tags' | 'dueInMs' | 'metadata' | 'reviewPolicy'
>;

/** @param at - where the template stands in the input, with a dot behind it. */
export function checksOfTemplate(template: TaskTemplate, at = 'template.'): Check[] {
  return [
    ['title', `${at}title`, template.title],
    ['description', `${at}description`, template.description],
    ['tags', `${at}tags`, template.tags],
    ['dueIn', `${at}dueIn`, template.dueIn],
    ['metadata', `${at}metadata`, template.metadata],
  ];
}

/** The columns of a checked template. @throws {Refusal} UNKNOWN_AGENT. */
export async function toTemplateColumns(
  executor: Executor,
  template: TaskTemplate,
): Promise<TemplateColumns> {
  const { assignee } = template;
  const agent = assignee ? await getAgentByRef(executor, assignee, ['template', 'assignee']) : null;
  return { ...toPlainColumns(template), assigneeId: agent?.id ?? null };
}

/** The same but for the assignee. */
export function toPlainColumns(template: TaskTemplate): Omit<TemplateColumns, 'assigneeId'> {
  return {
    title: template.title,
    description: template.description ?? null,
    priority: template.priority ?? 'MEDIUM',
    tags: [...new Set(template.tags ?? [])],
    dueInMs: typeof template.dueIn === 'number' ? BigInt(template.dueIn) : null,
    metadata: toJsonObject(template.metadata),
    reviewPolicy: template.reviewPolicy ?? 'REQUIRED',
  };
}
