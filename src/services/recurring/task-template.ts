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

/** The template of the tasks of a recurring task or of a pipeline step. */
export interface TaskTemplate extends TemplateFields {
  readonly assignee?: AgentRef | null | undefined;
  /** The time from the due time or the pipeline start to the due date of the task, in milliseconds. */
  readonly dueIn?: number | null | undefined;
}

/** The columns of a template. */
export type TemplateColumns = Pick<RecurringTaskRow, TemplateField | 'assigneeId' | 'dueInMs'>;

/** Checks the fields of a template. @param path - the path of the template in the input. */
export function findTemplateMistakes(template: TaskTemplate, path: readonly string[]): Refusal[] {
  return findMistakes(template, [...TEMPLATE_FIELD_NAMES, 'dueIn'], path);
}

/** The columns of a checked template, including the id of its assignee. @throws {Refusal} UNKNOWN_AGENT. */
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
