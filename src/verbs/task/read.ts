import * as z from 'zod';
import {
  type CallOptions,
  type Client,
  NotFoundError,
  type TaskFilter,
  type TaskStatus,
} from '../../sdk/index.js';
import {
  agent,
  flag,
  maybeInstant,
  maybeOneOf,
  maybeSomeOf,
  maybeText,
  maybeWords,
  PRIORITIES,
  page,
  TASK_STATUSES,
  task,
  text,
  toRange,
} from '../fields.js';
import { nextOf, nodesOf, readList, viewList } from '../list.js';
import { lines, oneLine } from '../looks/look.js';
import { commentLine, taskColumns, taskRow, taskView } from '../looks/task-look.js';
import { age } from '../looks/times.js';
import { words } from '../looks/words.js';
import { toAgentRef, toOptionalAgent, toTaskRef } from '../refs.js';
import { readTotals } from '../totals.js';
import { defineVerb, effects } from '../verb.js';

/** The fields that narrow a list of tasks, and the tasks of a bulk verb. */
export const filterFields = {
  status: maybeSomeOf(TASK_STATUSES, 'Only tasks with any of these statuses.'),
  assignee: maybeWords('Only tasks of any of these agents, by name or id.'),
  priority: maybeSomeOf(PRIORITIES, 'Only tasks with any of these priorities.'),
  tags: maybeWords('Only tasks with all of these tags.'),
  search: maybeText('Only tasks with this text in title or description, or with this ref.'),
  overdue: z.boolean().optional().describe('Only tasks that are past their due date.'),
  unassigned: z.boolean().optional().describe('Only tasks without an assignee.'),
  recurringTask: maybeText('Only tasks of this recurring task, by name or id.'),
  pipelineRun: maybeText('Only tasks of this pipeline run (plr_…).'),
  model: maybeWords('Only tasks whose latest attempt has any of these models.'),
  rejected: z.boolean().optional().describe('Only tasks whose work a verdict has rejected.'),
  startedSince: maybeInstant('past', 'Only tasks whose latest attempt began since this instant.'),
  startedUntil: maybeInstant('past', 'Only tasks whose latest attempt began before this instant.'),
  statusSince: maybeInstant('past', 'Only tasks that got their status since this instant.'),
  statusUntil: maybeInstant('past', 'Only tasks that have had their status since before this instant.'),
  endedSince: maybeInstant('past', 'Only tasks that have ended since this instant: yesterday or 2h.'),
  endedUntil: maybeInstant('past', 'Only tasks that have ended before this instant.'),
};

const filterSchema = z.strictObject(filterFields);

/** The filter of the API. */
export function toFilter(given: z.infer<typeof filterSchema>): TaskFilter {
  const { assignee, recurringTask, pipelineRun, ...others } = given;
  const { startedSince, startedUntil, statusSince, statusUntil, endedSince, endedUntil, ...rest } = others;
  return {
    ...rest,
    assignee: assignee?.map(toAgentRef),
    recurringTaskId: recurringTask,
    pipelineRunId: pipelineRun,
    startedAt: toRange(startedSince, startedUntil),
    statusAt: toRange(statusSince, statusUntil),
    completedAt: toRange(endedSince, endedUntil),
  };
}

const ORDERS = [
  'QUEUE',
  'CREATED_AT',
  'UPDATED_AT',
  'STATUS_AT',
  'STARTED_AT',
  'DUE_AT',
  'COMPLETED_AT',
  'PRIORITY',
] as const;

export const listTasks = defineVerb({
  name: 'task list',
  summary: 'Lists tasks, all or those that filters leave.',
  use: 'Use it to see what is waiting, in progress, in review or done.',
  avoid:
    'To get work as an agent use "task claim": a task of a list may be taken by another agent at any time.',
  operations: ['tasks', 'overview'],
  effect: effects.reads,
  input: z.strictObject({
    ...filterFields,
    order: maybeOneOf(ORDERS, 'The sort key.'),
    descending: flag('Begins with the largest or latest.'),
    ...page,
  }),
  examples: [
    'mc task list --status in_progress,review',
    'mc task list --assignee scout --order queue --fields ref,title --json',
  ],
  run: async (client, { order, descending, limit, after, all, ...filter }, options) => {
    const direction = descending ? ('DESC' as const) : ('ASC' as const);
    const variables = {
      first: limit,
      after,
      filter: toFilter(filter),
      orderBy: order === undefined ? undefined : { field: order, direction },
    };
    const found = await readList(client.tasks(variables, options), all);
    const { status, ...others } = filter;
    const isPart = found.next !== null && after === undefined && Object.keys(others).length === 0;
    return isPart ? { ...found, total: await countTasks(client, status, options) } : found;
  },
  data: nodesOf,
  next: nextOf,
  view: (list, look) =>
    viewList(list, look, {
      columns: taskColumns,
      row: (node) => taskRow(node, look),
      empty: 'No tasks.',
      hint: ({ ref }) => `mc task show ${ref}`,
    }),
});

/** How many tasks have one of these statuses; undefined for a key that may not know it. */
async function countTasks(
  client: Client,
  wanted: readonly TaskStatus[] | undefined,
  options: CallOptions,
): Promise<number | undefined> {
  const totals = await readTotals(client, options);
  return totals?.taskCounts
    .filter(({ status }) => wanted?.includes(status) ?? true)
    .reduce((sum, { count }) => sum + count, 0);
}

export const showTask = defineVerb({
  name: 'task show',
  summary: 'Shows one task: its state, what it waits for, its attempts, comments and reviews.',
  use: 'Use it to see why a task is where it is.',
  avoid: 'To follow it live use "task watch".',
  operations: ['task'],
  effect: effects.reads,
  input: z.strictObject({ task, all: flag('Shows the whole history.') }),
  places: ['task'],
  examples: ['mc task show TASK-42', 'mc task show TASK-42 --json --fields ref,status,resolution'],
  run: async (client, { task: word }, options) => {
    const found = await client.task({ ref: toTaskRef(word) }, options);
    if (found === null) throw notFound(`task ${word}`);
    return found;
  },
  view: (found, look, { all }) => taskView(found, look, all),
});

/** The refusal of a query whose object does not exist. */
export function notFound(thing: string): NotFoundError {
  const message = `There is no ${thing}, or the key may not see it.`;
  return new NotFoundError({ refusal: { code: 'NOT_FOUND', message, path: null }, runId: undefined });
}

export const listComments = defineVerb({
  name: 'task comments',
  summary: 'Lists the comments of a task, oldest first.',
  use: 'Use it to read a discussion that is longer than what "task show" prints.',
  avoid: 'To write one use "task comment".',
  operations: ['taskComments'],
  effect: effects.reads,
  input: z.strictObject({ task, ...page }),
  places: ['task'],
  examples: ['mc task comments TASK-42', 'mc task comments TASK-42 --all --json'],
  run: (client, { task: word, limit, after, all }, options) =>
    readList(client.taskComments({ ref: toTaskRef(word), first: limit, after }, options), all),
  data: nodesOf,
  view: ({ nodes }, look) =>
    nodes.length === 0 ? lines('No comments.') : lines(...nodes.map((node) => commentLine(node, look))),
});

export const listRuns = defineVerb({
  name: 'task runs',
  summary: 'Lists the attempts at a task, with their agents, outcomes and models.',
  use: 'Use it to see who has worked on a task and how each attempt ended.',
  avoid: 'For the present state use "task show".',
  operations: ['taskRuns'],
  effect: effects.reads,
  input: z.strictObject({ task, ...page }),
  places: ['task'],
  examples: ['mc task runs TASK-42', 'mc task runs TASK-42 --json --fields id,outcome,error'],
  run: (client, { task: word, limit, after, all }, options) =>
    readList(client.taskRuns({ ref: toTaskRef(word), first: limit, after }, options), all),
  data: nodesOf,
  view: (list, look) =>
    viewList(list, look, {
      columns: ['RUN', 'NO', 'AGENT', 'OUTCOME', 'BEGAN', 'DETAIL'],
      row: ({ id, number, agent: by, outcome, startedAt, error, progress, model }) => [
        id,
        `${number}`,
        by.name,
        words(outcome),
        `${age(startedAt, look)} ago`,
        oneLine(error ?? progress ?? model ?? ''),
      ],
      empty: 'No attempts.',
    }),
});

export const nextTask = defineVerb({
  name: 'task next',
  summary: 'Shows the task that an agent would get with its next claim.',
  use: 'Use it to see the effect of priorities without claiming.',
  avoid: 'To get the task use "task claim".',
  operations: ['nextTask'],
  effect: effects.reads,
  input: z.strictObject({ agent }),
  places: ['agent'],
  examples: ['mc task next scout', 'mc task next scout --json --fields ref'],
  run: (client, { agent: word }, options) => client.nextTask({ agent: toAgentRef(word) }, options),
  view: (found, look) =>
    found === null
      ? lines('No task waits that this agent may have.')
      : { parts: [{ columns: taskColumns, rows: [taskRow(found, look)] }] },
});

export const whoCanTake = defineVerb({
  name: 'task why',
  summary: 'Shows why a task waits, and which agents could take it.',
  use: 'Use it when a task is not handed out.',
  avoid: 'For the history of the task use "task show".',
  operations: ['taskCandidates'],
  effect: effects.reads,
  input: z.strictObject({ task }),
  places: ['task'],
  examples: ['mc task why TASK-42', 'mc task why TASK-42 --json'],
  run: async (client, { task: word }, options) => {
    const found = await client.taskCandidates({ ref: toTaskRef(word) }, options);
    if (found === null) throw notFound(`task ${word}`);
    return found;
  },
  view: ({ ref, waitingOn, candidates }, look) => ({
    parts: [
      `${look.paint('strong', ref)} ${waitingOn.length === 0 ? 'does not wait for an agent' : `waits: ${waitingOn.map(words).join(', ')}`}`,
      ...(candidates.length === 0
        ? []
        : [
            {
              columns: ['AGENT', 'CAN TAKE IT', 'REASONS'],
              rows: candidates.map(({ agent: by, eligible, reasons }) => [
                by.name,
                eligible ? 'yes' : 'no',
                reasons.map(words).join(', '),
              ]),
            },
          ]),
    ],
  }),
});

export const classifyTask = defineVerb({
  name: 'task route',
  summary: 'Shows which model a task with this text would get.',
  use: 'Use it to try the routing rules before creating a task.',
  avoid: 'It says nothing about which agent gets the task: see "task why".',
  operations: ['classifyTask'],
  effect: effects.reads,
  input: z.strictObject({
    title: text('The title that the task would have.'),
    description: maybeText('The description that it would have.'),
    priority: maybeOneOf(PRIORITIES, 'The priority that it would have.'),
    agent: maybeText('The agent that would get it.'),
  }),
  places: ['title'],
  examples: [
    'mc task route "Debug the deadlock"',
    'mc task route "Rename a file" --priority low --agent scout',
  ],
  run: (client, { agent: word, ...given }, options) =>
    client.classifyTask({ ...given, agent: toOptionalAgent(word) }, options),
  view: ({ tier, model, signals }) =>
    lines(
      `${words(tier)}: ${model ?? 'the model of the gateway'}`,
      signals.length > 0 && `because of: ${signals.join(', ')}`,
    ),
});
