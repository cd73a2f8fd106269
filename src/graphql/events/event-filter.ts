import { EVENT_KINDS, expandEventFilter } from '../../domain/events/event-types.js';
import type { InstantRange } from '../../domain/tasks/task-filter.js';
import type { EntryFilter } from '../../feed/hub.js';
import { findClosest } from '../../kernel/closest-match.js';
import { findTaskIdsOfRun } from '../../services/pipelines/read-pipelines.js';
import { type AgentRef, type TaskRef, toShown } from '../../services/refs.js';
import { idOfAgent, idOfTask } from '../base/named-refs.js';
import { badUserInput } from '../base/protocol-errors.js';
import { AgentRefInput, TaskRefInput } from '../base/refs.js';
import { builder } from '../builder.js';
import type { GraphqlContext } from '../context.js';
import { DateTimeRangeInput } from '../tasks/task-filter.js';

export const EventFilterInput = builder.inputType('EventFilter', {
  description: 'Selects events that match all given conditions. An empty list of types matches no event.',
  fields: (t) => ({
    types: t.stringList({
      description:
        'Any of these types or families (the part before the dot, such as `task`). `task.status_changed` includes the specific types of status changes.',
    }),
    task: t.field({ type: TaskRefInput, description: 'About this task.' }),
    agent: t.field({ type: AgentRefInput, description: 'About this agent or caused by it.' }),
    pipelineRunId: t.id({ description: 'About this pipeline run or one of its tasks.' }),
    at: t.field({
      type: DateTimeRangeInput,
      description: 'Happened in this period. A stream that shall begin at an instant takes `eventCursor`.',
    }),
  }),
});

/** The filter as a client sends it. */
export interface EventFilterShape {
  readonly types?: readonly string[] | null | undefined;
  readonly task?: TaskRef | null | undefined;
  readonly agent?: AgentRef | null | undefined;
  readonly pipelineRunId?: string | null | undefined;
  readonly at?: InstantRange | null | undefined;
}

/**
 * Converts the filter to the form of the event log.
 * @throws BAD_USER_INPUT for unknown event types, and for tasks, agents and runs that this key does not see.
 */
export async function parseEventFilter(
  context: GraphqlContext,
  filter: EventFilterShape | null | undefined,
): Promise<EntryFilter> {
  const { types, task, agent, pipelineRunId, at } = filter ?? {};
  return {
    ...(types ? { types: parseTypes(types) } : {}),
    ...(task ? { taskId: await idOfTask(context, task) } : {}),
    ...(agent ? { agentId: await idOfAgent(context, agent) } : {}),
    ...(pipelineRunId == null ? {} : { pipelineRun: await parsePipelineRun(context, pipelineRunId) }),
    ...(at ? { at } : {}),
  };
}

/** More than all types and families together. */
const MAX_WORDS = 100;

function parseTypes(words: readonly string[]): readonly string[] {
  if (words.length > MAX_WORDS)
    throw badUserInput(`types has ${words.length} entries, but may have at most ${MAX_WORDS}.`);
  return [...new Set(words.flatMap((word) => expandEventFilter(word) ?? refuseWord(word)))];
}

function refuseWord(word: string): never {
  const types = Object.keys(EVENT_KINDS);
  const families = [...new Set(types.map((type) => type.slice(0, type.indexOf('.'))))];
  const closest = findClosest(word.slice(0, 80), [...families, ...types]);
  const suggestion = closest === undefined ? '' : ` Did you mean ${closest}?`;
  throw badUserInput(
    `${JSON.stringify(word.slice(0, 80))} is not an event type.${suggestion} Families: ${families.join(', ')}; types: ${types.join(', ')}.`,
  );
}

/** All tasks of a run are created when it starts, so the set of their ids never changes. */
async function parsePipelineRun({ services, viewer }: GraphqlContext, id: string) {
  const taskIds = await findTaskIdsOfRun(services, viewer, id);
  if (taskIds === null)
    throw badUserInput(`There is no pipeline run ${toShown(id)} that this API key may see.`);
  return { id, taskIds: new Set(taskIds) };
}
