import type { Viewer } from '../../domain/actor.js';
import { checkFields } from '../../domain/inputs.js';
import { InvalidList } from '../../domain/page.js';
import { Refusal, Refusals } from '../../domain/refusals.js';
import type { TaskFilter } from '../../domain/tasks/task-filter.js';
import type { TaskStatus } from '../../domain/tasks/task-status.js';
import { mapSeveral } from '../../kernel/map-several.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import { type AgentRef, getAgentByRef } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { assignTask } from './assign-task.js';
import { cancelTask } from './cancel-task.js';
import { openTasks } from './read-tasks.js';
import { retryTask } from './retry-task.js';

/** Which tasks a bulk verb is applied to. */
export interface BulkRequest {
  readonly filter: TaskFilter;
  /** The maximum number of tasks of one call. */
  readonly first?: number | null | undefined;
  /** True: only lists the tasks, and changes nothing. */
  readonly dryRun?: boolean | null | undefined;
}

/** The result of a bulk verb. */
export interface BulkResult {
  /** The tasks as they are now. In a dry run: the tasks that the verb would be applied to. */
  readonly tasks: readonly TaskRow[];
  /** Tasks that changed between the search and the verb, with the reasons of the refusal. */
  readonly refused: readonly { readonly task: TaskRow; readonly refusals: readonly Refusal[] }[];
  /** Tasks that match and are left for the next call. */
  readonly remaining: number;
}

type Apply = (task: TaskRow) => Promise<TaskRow>;

const DEFAULT_FIRST = 100;

/**
 * Tasks that are changed at a time. Commits that wait together are written together; the other connections of the pool stay free for
 * other requests.
 */
const AT_ONCE = 4;

/** No task stays in REJECTED. */
const CANCELLABLE: readonly TaskStatus[] = ['INBOX', 'ASSIGNED', 'IN_PROGRESS', 'INPUT_REQUIRED', 'REVIEW'];

/** Retries FAILED and CANCELLED tasks; see {@link retryTask}. */
export function retryTasks(context: ServiceContext, viewer: Viewer, input: BulkRequest): Promise<BulkResult> {
  const retry: Apply = ({ id }) => retryTask(context, viewer, { task: { id } });
  return applyToAll(context, viewer, input, ['FAILED', 'CANCELLED'], retry);
}

/** Cancels tasks that have not ended; see {@link cancelTask}. */
export async function cancelTasks(
  context: ServiceContext,
  viewer: Viewer,
  input: BulkRequest & { readonly reason?: string | null | undefined },
): Promise<BulkResult> {
  checkFields(input, ['reason']);
  const cancel: Apply = ({ id }) => cancelTask(context, viewer, { task: { id }, reason: input.reason });
  return applyToAll(context, viewer, input, CANCELLABLE, cancel);
}

/**
 * Gives waiting tasks to an agent, or back to the inbox; see {@link assignTask}.
 * @throws {Refusal} UNKNOWN_AGENT
 */
export async function assignTasks(
  context: ServiceContext,
  viewer: Viewer,
  input: BulkRequest & { readonly assignee?: AgentRef | null | undefined },
): Promise<BulkResult> {
  // Once for all tasks: the same refusal for each of them would tell no more.
  if (input.assignee) await getAgentByRef(context.database.pool, input.assignee, ['assignee']);
  const assign: Apply = ({ id }) => assignTask(context, viewer, { task: { id }, assignee: input.assignee });
  return applyToAll(context, viewer, input, ['INBOX', 'ASSIGNED'], assign);
}

/** Each task in a transaction of its own: a refused one leaves the others alone, and no lock is held for long. */
async function applyToAll(
  context: ServiceContext,
  viewer: Viewer,
  input: BulkRequest,
  status: readonly TaskStatus[],
  apply: Apply,
): Promise<BulkResult> {
  checkFields(input, [['first', 'bulkSize']]);
  const { found, total } = await findTasks(context, viewer, input, status);
  const remaining = Math.max(0, total - found.length);
  if (input.dryRun) return { tasks: found, refused: [], remaining };
  const outcomes = await mapSeveral(found, AT_ONCE, (task) =>
    apply(task).then(
      (changed) => ({ task: changed, refusals: null }),
      (error: unknown) => ({ task, refusals: refusalsIn(error) }),
    ),
  );
  return {
    tasks: outcomes.flatMap(({ task, refusals }) => (refusals === null ? [task] : [])),
    refused: outcomes.flatMap(({ task, refusals }) => (refusals === null ? [] : [{ task, refusals }])),
    remaining,
  };
}

/** Oldest first, so that calls one after the other go through a backlog in order. */
async function findTasks(
  context: ServiceContext,
  viewer: Viewer,
  { filter, first }: BulkRequest,
  status: readonly TaskStatus[],
): Promise<{ readonly found: TaskRow[]; readonly total: number }> {
  const reader = openChecked(context, viewer, { status, and: [filter] });
  const page = { size: first ?? DEFAULT_FIRST, backward: false, after: null, before: null };
  const { rows, more } = await reader.slice(page);
  return { found: rows, total: more ? await reader.count() : rows.length };
}

function openChecked(context: ServiceContext, viewer: Viewer, filter: TaskFilter) {
  try {
    const columns = { task: '*', assignee: null } as const;
    return openTasks(context, viewer, {
      filter,
      orderBy: { field: 'CREATED_AT', direction: 'ASC' },
      columns,
    });
  } catch (error) {
    if (!(error instanceof InvalidList)) throw error;
    throw refusalOfFilter(error);
  }
}

const refusalOfFilter = ({ message }: InvalidList) => new Refusal('INVALID', message, ['filter']);

function refusalsIn(error: unknown): readonly Refusal[] {
  if (error instanceof Refusal) return [error];
  if (error instanceof Refusals) return error.refusals;
  throw error;
}
