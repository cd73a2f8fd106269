import { InvalidList } from '../page.js';
import type { TaskStatus } from './task-status.js';
import type { WaitingReason } from './waiting-reasons.js';

/** The priority of a task, from the most urgent. */
export type TaskPriority = 'CRITICAL' | 'HIGH' | 'MEDIUM' | 'LOW';

/** Why a task ended as FAILED. */
export type TaskFailureReason =
  | 'DISPATCH_ATTEMPTS_EXHAUSTED'
  | 'REVIEW_CYCLES_EXHAUSTED'
  | 'STALE_REQUEUES_EXHAUSTED'
  | 'FAILED_BY_AGENT'
  | 'FAILED_BY_OPERATOR'
  | 'GATEWAY_REFUSED'
  | 'QUESTION_EXPIRED';

/** A range of instants: at or after `gte`, and before `lt`. */
export interface InstantRange {
  readonly gte?: Date | null | undefined;
  readonly lt?: Date | null | undefined;
}

/** Which tasks to list. All given conditions must hold. */
export interface TaskFilter {
  readonly ids?: readonly string[] | null | undefined;
  readonly status?: readonly TaskStatus[] | null | undefined;
  readonly priority?: readonly TaskPriority[] | null | undefined;
  readonly assignee?: readonly AgentChoice[] | null | undefined;
  readonly unassigned?: boolean | null | undefined;
  readonly tags?: readonly string[] | null | undefined;
  readonly requires?: readonly string[] | null | undefined;
  readonly pinned?: boolean | null | undefined;
  readonly waitingOn?: readonly WaitingReason[] | null | undefined;
  readonly search?: string | null | undefined;
  readonly createdAt?: InstantRange | null | undefined;
  readonly dueAt?: InstantRange | null | undefined;
  readonly startedAt?: InstantRange | null | undefined;
  readonly statusAt?: InstantRange | null | undefined;
  readonly completedAt?: InstantRange | null | undefined;
  readonly overdue?: boolean | null | undefined;
  readonly failureReason?: readonly TaskFailureReason[] | null | undefined;
  /** Models of the latest attempt. */
  readonly model?: readonly string[] | null | undefined;
  readonly rejected?: boolean | null | undefined;
  readonly recurringTaskId?: string | null | undefined;
  readonly pipelineRunId?: string | null | undefined;
  readonly and?: readonly TaskFilter[] | null | undefined;
  readonly or?: readonly TaskFilter[] | null | undefined;
  readonly not?: TaskFilter | null | undefined;
}

/** An agent by id or by name. */
export interface AgentChoice {
  readonly id?: string | null | undefined;
  readonly name?: string | null | undefined;
}

/** The values by which tasks can be sorted. QUEUE is the order of claims. */
export const TASK_ORDER_FIELDS = [
  'QUEUE',
  'CREATED_AT',
  'UPDATED_AT',
  'STATUS_AT',
  'STARTED_AT',
  'DUE_AT',
  'COMPLETED_AT',
  'PRIORITY',
] as const;

/** A value by which tasks can be sorted. */
export type TaskOrderField = (typeof TASK_ORDER_FIELDS)[number];

/** The order of a list of tasks. */
export interface TaskOrder {
  readonly field: TaskOrderField;
  readonly direction: 'ASC' | 'DESC';
}

/** The limits of a filter. They suffice for dashboards and keep one request cheap for the database. */
export const FILTER_LIMITS = { depth: 5, filters: 50, conditions: 100, entries: 100, textLength: 200 };

/** @throws {InvalidList} if a filter is nested too deeply, has too many parts or entries, or a text is not valid. */
export function checkTaskFilter(filter: TaskFilter): void {
  let filters = 0;
  let conditions = 0;

  function check(part: TaskFilter, depth: number): void {
    filters += 1;
    if (depth > FILTER_LIMITS.depth)
      throw new InvalidList(`A filter may be nested ${FILTER_LIMITS.depth} levels deep at most.`);
    if (filters > FILTER_LIMITS.filters) {
      throw new InvalidList(`A filter has at most ${FILTER_LIMITS.filters} parts in and, or and not.`);
    }
    conditions += countConditions(part);
    if (conditions > FILTER_LIMITS.conditions)
      throw new InvalidList(`A filter has at most ${FILTER_LIMITS.conditions} conditions.`);
    checkEntries(part);
    for (const inner of [...(part.and ?? []), ...(part.or ?? []), ...(part.not ? [part.not] : [])])
      check(inner, depth + 1);
  }

  check(filter, 1);
}

/** The conditions of one part, without those of the filters inside it. */
function countConditions({ and: _and, or: _or, not: _not, ...own }: TaskFilter): number {
  return Object.values(own).filter((value) => value !== null && value !== undefined).length;
}

/** Whether the filter, or one inside it, selects by this condition. */
export function namesCondition(filter: TaskFilter, name: 'waitingOn' | 'overdue'): boolean {
  const { and, or, not } = filter;
  const inner = [...(and ?? []), ...(or ?? []), ...(not ? [not] : [])];
  return (filter[name] ?? null) !== null || inner.some((part) => namesCondition(part, name));
}

/** The names of agents in the filter and in those inside it, each once. */
export function listAgentNames({ assignee, and, or, not }: TaskFilter): readonly string[] {
  const inner = [...(and ?? []), ...(or ?? []), ...(not ? [not] : [])];
  const own = (assignee ?? []).flatMap(({ name }) => name ?? []);
  return [...new Set([...own, ...inner.flatMap(listAgentNames)])];
}

/** The filter with ids in place of the names of agents. A name without an id matches no task. */
export function withAgentIds(filter: TaskFilter, idsByName: ReadonlyMap<string, string>): TaskFilter {
  const { assignee, and, or, not } = filter;
  const resolve = (part: TaskFilter) => withAgentIds(part, idsByName);
  const idOf = ({ id, name }: AgentChoice) => id ?? idsByName.get(name ?? '') ?? [];
  return {
    ...filter,
    ...(assignee ? { assignee: assignee.flatMap(idOf).map((id) => ({ id })) } : {}),
    ...(and ? { and: and.map(resolve) } : {}),
    ...(or ? { or: or.map(resolve) } : {}),
    ...(not ? { not: resolve(not) } : {}),
  };
}

function checkEntries(part: TaskFilter): void {
  const names = (part.assignee ?? []).map((agent) => agent.id ?? agent.name ?? '');
  for (const list of [
    part.ids,
    part.status,
    part.priority,
    part.failureReason,
    part.waitingOn,
    names,
    part.tags,
    part.requires,
    part.model,
  ]) {
    if ((list?.length ?? 0) > FILTER_LIMITS.entries) {
      throw new InvalidList(`A list in a filter has at most ${FILTER_LIMITS.entries} entries.`);
    }
  }
  const ids = [...(part.ids ?? []), part.recurringTaskId ?? '', part.pipelineRunId ?? ''];
  for (const text of [
    ...names,
    ...ids,
    ...(part.tags ?? []),
    ...(part.requires ?? []),
    ...(part.model ?? []),
    part.search ?? '',
  ])
    checkFilterText(text);
}

/** @throws {InvalidList} for a text that is too long to search for, or that PostgreSQL cannot store. */
export function checkFilterText(text: string): void {
  if (text.length > FILTER_LIMITS.textLength) {
    throw new InvalidList(`Text in a filter has at most ${FILTER_LIMITS.textLength} characters.`);
  }
  if (text.includes('\u0000')) throw new InvalidList('Text in a filter cannot contain the character U+0000.');
}
