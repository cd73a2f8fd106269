import type {
  ClaimedTaskFragment,
  CommentFieldsFragment,
  RunFieldsFragment,
  TaskDetailFragment,
  TaskFieldsFragment,
} from '../../sdk/index.js';
import { done, type Look, lines, manyLines, oneLine, type View } from './look.js';
import { age, distance, moment } from './times.js';
import { priority, status, words } from './words.js';

/** How many steps of its history a task shows unless all are asked for. */
const STEPS = 10;

/** The columns of a table of tasks. */
export const taskColumns = ['REF', 'STATUS', 'PRI', 'AGENT', 'AGE', 'TITLE'];

/** A row of a table of tasks. */
export function taskRow(task: TaskFieldsFragment, look: Look): readonly string[] {
  const rounds = task.status === 'REVIEW' && task.reviewCycles > 0 ? ` ${task.reviewCycles + 1}/3` : '';
  return [
    look.paint('strong', task.ref),
    status(task.status, look) + rounds,
    priority(task.priority, look),
    task.assignee?.name ?? '–',
    age(task.createdAt, look),
    oneLine(task.title),
  ];
}

/** One line about a task that has changed: `✓ TASK-42 in review: Fix the login page`. */
export function taskDone(look: Look, task: TaskFieldsFragment, what: string): string {
  return done(look, `${look.paint('strong', task.ref)} ${what}: ${oneLine(task.title)}`);
}

/** Where a task is now: `assigned to scout`, `in the inbox`, `in review`, `failed`. */
export function place(task: Pick<TaskFieldsFragment, 'status' | 'assignee'>): string {
  const { status: now, assignee } = task;
  if (now === 'INBOX') return 'in the inbox';
  if (now === 'REVIEW') return 'in review';
  if (now === 'ASSIGNED') return `assigned to ${assignee?.name ?? 'an agent'}`;
  if (now === 'IN_PROGRESS') return `in progress by ${assignee?.name ?? 'an agent'}`;
  return words(now);
}

/** A task with its history. */
export function taskView(task: TaskDetailFragment, look: Look, isAll: boolean): View {
  const history = historyOf(task, look);
  const shown = isAll ? history : history.slice(-STEPS);
  const left = history.length - shown.length;
  const next = task.allowedTransitions.map(words).join(', ');
  return lines(
    `${look.paint('strong', task.ref)}  ${look.paint('strong', oneLine(task.title))}`,
    [stateOf(task, look), words(task.priority), dueOf(task, look)].filter(Boolean).join(' · '),
    task.tags.length > 0 && `tags: ${task.tags.map(oneLine).join(', ')}`,
    waits(task),
    next !== '' && `next: ${next}`,
    task.failureDetail && look.paint('bad', oneLine(task.failureDetail)),
    task.description && manyLines(task.description),
    task.resolution && `${look.paint('quiet', 'result:')} ${manyLines(task.resolution)}`,
    left > 0 && look.paint('quiet', `… ${left} earlier; all of it with --all`),
    ...shown,
  );
}

function stateOf(task: TaskDetailFragment, look: Look): string {
  const { currentRun } = task;
  if (!currentRun) return `${place(task)} since ${age(task.updatedAt, look)}`;
  const lease = currentRun.leaseExpiresAt ? `, lease ends ${distance(currentRun.leaseExpiresAt, look)}` : '';
  return `${place(task)} since ${age(currentRun.startedAt, look)} (attempt ${currentRun.number}${lease})`;
}

function dueOf({ dueAt }: TaskFieldsFragment, look: Look): string {
  return dueAt === null ? '' : `due ${moment(dueAt, look)}`;
}

function waits({ waitingOn, dependsOn }: TaskDetailFragment): string {
  if (waitingOn.length === 0) return '';
  const open = dependsOn.filter(({ status: now }) => now !== 'DONE').map(({ ref }) => ref);
  return `waiting on: ${waitingOn.map(words).join(', ')}${open.length > 0 ? ` (${open.join(', ')})` : ''}`;
}

function historyOf(task: TaskDetailFragment, look: Look): string[] {
  const steps = [
    ...task.runs.nodes.map((run) => ({ at: run.startedAt, text: runText(run) })),
    ...task.comments.nodes.map((comment) => ({
      at: comment.createdAt,
      text: `${comment.author.displayName}: ${oneLine(comment.body)}`,
    })),
    ...task.reviews.nodes.map(({ createdAt, reviewer, verdict, round, feedback }) => ({
      at: createdAt,
      text: `${words(verdict)} by ${reviewer.displayName} in round ${round}${feedback ? `: ${oneLine(feedback)}` : ''}`,
    })),
  ];
  return steps
    .toSorted((one, other) => one.at.localeCompare(other.at))
    .map(({ at, text }) => `${look.paint('quiet', `${age(at, look)} ago`.padStart(11))}  ${text}`);
}

function runText({ number, agent, outcome, error, progress }: RunFieldsFragment): string {
  const detail = error ?? progress;
  return `attempt ${number} by ${agent.name}: ${words(outcome)}${detail ? `, ${oneLine(detail)}` : ''}`;
}

/** A claimed task, as the agent that has to work on it reads it. */
export function claimedView(task: ClaimedTaskFragment, look: Look, first: string): View {
  return lines(
    first,
    task.description && manyLines(task.description),
    ...task.dependencyResults.map(
      ({ task: from, resolution }) => `result of ${from.ref}: ${manyLines(resolution ?? 'none')}`,
    ),
    ...task.reviews.nodes.map(
      ({ round, verdict, feedback }) =>
        `review ${round}: ${words(verdict)}${feedback ? `: ${manyLines(feedback)}` : ''}`,
    ),
    ...task.comments.nodes.map((comment) => commentLine(comment, look)),
  );
}

/** A comment in one line. */
export function commentLine({ author, createdAt, body }: CommentFieldsFragment, look: Look): string {
  return `${look.paint('quiet', `${age(createdAt, look)} ago`)} ${author.displayName}: ${oneLine(body)}`;
}
