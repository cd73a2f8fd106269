import type { Viewer } from '../../domain/actor.js';
import type { ChildListsReader, ListReader } from '../../domain/list-reader.js';
import { openChildLists, openList } from '../../store/lists/list-reader.js';
import {
  listAnswersForRuns,
  listEndedQuestions,
  QUESTIONS_OF_TASKS,
  type QuestionSelection,
  questionsThat,
  readWaits,
} from '../../store/questions/question-lists.js';
import type { QuestionRow } from '../../store/questions/questions.js';
import type { ServiceContext } from '../service-context.js';
import { toTaskViewer } from '../tasks/read-tasks.js';

export type { QuestionSelection };

type ReadContext = Pick<ServiceContext, 'database' | 'settings'>;

/** The maximum number of questions in the answer of a claim or a heartbeat. */
const MAX_LISTED = 50;

/** The questions that match and whose tasks the viewer may see, oldest first. */
export function openQuestions(
  context: ReadContext,
  viewer: Viewer,
  selection: QuestionSelection,
): ListReader<QuestionRow> {
  return openList(context.database.readPool, questionsThat(toTaskViewer(context, viewer), selection));
}

/** The questions about several tasks, oldest first. The caller has checked that the viewer may see the tasks. */
export function openQuestionsOfTasks({ database }: ReadContext): ChildListsReader<QuestionRow> {
  return openChildLists(database.pool, QUESTIONS_OF_TASKS);
}

/** The questions about a claimed task that were answered or withdrawn, oldest first. A first run has none before it. */
export async function listQuestionsOfClaim(
  { database }: ReadContext,
  { taskId, number }: { readonly taskId: string; readonly number: number },
): Promise<readonly QuestionRow[]> {
  return number <= 1 ? [] : listEndedQuestions(database.pool, taskId, MAX_LISTED);
}

/** The questions of live runs that did not end them and have ended themselves. */
export async function listAnswers(
  { database }: ReadContext,
  runIds: readonly string[],
): Promise<readonly QuestionRow[]> {
  return runIds.length === 0 ? [] : listAnswersForRuns(database.pool, runIds, MAX_LISTED);
}

/** How long each of the tasks has waited for people, in milliseconds. Those that never did are left out. */
export function readWaitsOfTasks(
  { database }: ReadContext,
  taskIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  return readWaits(database.pool, taskIds);
}
