import { findMistakes } from '../../domain/inputs.js';
import type { Refusal } from '../../domain/refusals.js';
import {
  TEMPLATE_FIELD_NAMES,
  type TemplateField,
  type TemplateFields,
  toTemplateColumns,
} from '../../domain/tasks/task-fields.js';
import type { Executor } from '../../postgres/statement.js';
import type { RecurringTaskRow } from '../../store/recurring/recurring-tasks.js';
import { type AgentRef, getAgentByRef } from '../refs.js';

/** What the tasks of a recurring task or of a pipeline step are like. */
export interface TaskTemplate extends TemplateFields {
  readonly assignee?: AgentRef | null | undefined;
  /** How long after the due time it is to be done, in milliseconds. */
  readonly dueIn?: number | null | undefined;
}

/** The columns of a template. */
export type TemplateColumns = Pick<RecurringTaskRow, TemplateField | 'assigneeId' | 'dueInMs'>;

/** @param path - where the template stands in the input. */
export function findTemplateMistakes(template: TaskTemplate, path: readonly string[]): Refusal[] {
  return findMistakes(template, [...TEMPLATE_FIELD_NAMES, 'dueIn'], path);
}

/** The columns of a checked template. @throws {Refusal} UNKNOWN_AGENT. */
export async function resolveTemplate(executor: Executor, template: TaskTemplate): Promise<TemplateColumns> {
  const { assignee } = template;
  const agent = assignee ? await getAgentByRef(executor, assignee, ['template', 'assignee']) : null;
  return { ...toColumnsWithoutAssignee(template), assigneeId: agent?.id ?? null };
}

/** The columns of a checked template, except for the assignee. */
export function toColumnsWithoutAssignee(template: TaskTemplate): Omit<TemplateColumns, 'assigneeId'> {
  const { dueIn } = template;
  return { ...toTemplateColumns(template), dueInMs: typeof dueIn === 'number' ? BigInt(dueIn) : null };
}
