import { type EventType, isEventType } from '../../domain/events/event-types.js';
import { LOG_CURSOR_TAG } from '../../domain/events/log-cursor.js';
import { allOf, identifier, type Sql, sql } from '../../postgres/sql-text.js';
import type { ChildLists, List } from '../lists/keyset.js';
import type { Order } from '../lists/order.js';
import type { TaskViewer } from '../tasks/task-lists.js';
import { visibleTo } from '../tasks/task-lists.js';
import { LOG_SHAPE, type LogFilter, type LogRow } from './event-log.js';
import type { LogSpan } from './log-times.js';

/** The order of the log. Lists and streams share it, so a cursor of one works in the other. */
const LOG_ORDER: Order<LogRow> = {
  tag: LOG_CURSOR_TAG,
  descending: false,
  keys: [{ sql: 't.id', kind: 'number', of: ({ id }) => id }],
};

/** The visibility rules of a reader: the tasks that it sees, and whether it sees events of API keys. */
export interface EventViewer {
  readonly tasks: TaskViewer;
  readonly seesKeys: boolean;
}

/**
 * The events that match the filter and that the viewer may see, oldest first. Uses the primary key, events_task_idx,
 * events_type_idx for each type, and events_agent_idx and events_actor_idx for an agent.
 */
export function eventsThat(viewer: EventViewer, filter: LogFilter, span: LogSpan = {}): List<LogRow> {
  const { types, agentId } = filter;
  const ofAgent = agentId === undefined ? [sql`true`] : aboutOrBy(agentId);
  const ofType = types === undefined ? [sql`true`] : types.filter(isEventType).map(hasType);
  const branches = ofType.flatMap((type) => ofAgent.map((agent) => ({ where: allOf([type, agent]) })));
  return {
    from: 'events t',
    shape: LOG_SHAPE,
    where: allOf([...matches(filter), ...liesIn(span), ...seenBy(viewer)]),
    order: LOG_ORDER,
    parts: [{ branches: branches.length === 0 ? [{ where: sql`false` }] : branches, keys: LOG_ORDER.keys }],
    isPlannedByValues: agentId !== undefined || filter.at !== undefined || viewer.tasks !== null,
  };
}

/** The type is part of the text, so that the plan of each type is kept. */
function hasType(type: EventType): Sql {
  return identifier(`t.type = '${type}'`);
}

/** The events about the agent, and those that it caused and that are not about it. Each condition has an index. */
function aboutOrBy(agentId: string): Sql[] {
  return [
    sql`t.agent_id = ${agentId}`,
    sql`t.actor_agent_id = ${agentId} AND t.actor_agent_id IS DISTINCT FROM t.agent_id`,
  ];
}

/** The events of a task, oldest first. Uses events_task_idx. */
export const EVENTS_OF_TASKS: ChildLists<LogRow> = {
  from: 'events t',
  shape: LOG_SHAPE,
  parent: 't.task_id',
  where: sql`true`,
  order: LOG_ORDER,
};

function matches({ taskId, pipelineRun, at }: LogFilter): Sql[] {
  return [
    ...(at?.gte ? [sql`t.at >= ${at.gte}`] : []),
    ...(at?.lt ? [sql`t.at < ${at.lt}`] : []),
    ...(taskId === undefined ? [] : [sql`t.task_id = ${taskId}`]),
    ...(pipelineRun === undefined
      ? []
      : [
          sql`(t.pipeline_run_id = ${pipelineRun.id} OR t.task_id = ANY(${[...pipelineRun.taskIds]}::text[]))`,
        ]),
  ];
}

function liesIn({ after, upTo }: LogSpan): Sql[] {
  return [
    ...(after === undefined ? [] : [sql`t.id > ${after}`]),
    ...(upTo === undefined ? [] : [sql`t.id <= ${upTo}`]),
  ];
}

/** The rule of isEventVisible in src/domain/events/event-visibility.ts. */
function seenBy({ tasks, seesKeys }: EventViewer): Sql[] {
  const about = tasks?.agentId;
  return [
    ...(seesKeys ? [] : [sql`t.type NOT LIKE 'key.%'`]),
    ...(about === undefined
      ? []
      : [
          sql`CASE WHEN t.type = 'comment.mentioned' AND t.agent_id = ${about} THEN true
            WHEN t.task_id IS NULL THEN (t.agent_id = ${about} OR t.actor_agent_id = ${about})
            ELSE EXISTS (SELECT FROM (SELECT t.task_id) e JOIN tasks t ON t.id = e.task_id WHERE ${visibleTo(tasks)}) END`,
        ]),
  ];
}
