import {
  openQuestions,
  openQuestionsOfTasks,
  type QuestionSelection,
  readWaitsOfTasks,
} from '../../services/questions/read-questions.js';
import { connectChildren } from '../base/child-connection.js';
import { connect, connectionArgs } from '../base/connection.js';
import { QuestionConnection } from '../base/connections.js';
import { loadBatched } from '../base/loaders.js';
import { idOfAgent, idOfTask } from '../base/named-refs.js';
import { findNode } from '../base/node.js';
import { builder } from '../builder.js';
import type { GraphqlContext } from '../context.js';
import { TaskType } from '../tasks/task.js';
import { QuestionType } from './question.js';
import { QuestionFilterInput } from './question-inputs.js';

type FilterShape = typeof QuestionFilterInput.$inferInput;

builder.queryFields((t) => ({
  question: t.field({
    type: QuestionType,
    nullable: true,
    description: 'One question. Null if there is none, or none that this key may see.',
    args: { id: t.arg.id({ required: true, description: 'The id.' }) },
    resolve: async (_root, { id }, context, info) =>
      id.startsWith('qst_') ? ((await findNode(context, info, id)) as never) : null,
  }),
  questions: t.field({
    type: QuestionConnection,
    description: 'The questions about the tasks that this key may see, oldest first.',
    args: {
      ...connectionArgs,
      filter: t.arg({ type: QuestionFilterInput, description: 'Which questions; all if unset.' }),
    },
    resolve: async (_root, { filter, ...page }, context) =>
      connect(page, openQuestions(context.services, context.viewer, await parseFilter(context, filter))),
  }),
}));

builder.prismaObjectFields(TaskType, (t) => ({
  questions: t.field({
    type: QuestionConnection,
    args: connectionArgs,
    description: 'The questions that agents have asked about the task, oldest first.',
    resolve: (task, args, context) =>
      connectChildren(context, 'questions', task.id, args, openQuestionsOfTasks(context.services)),
  }),
  waitedForPeople: t.field({
    type: 'Duration',
    description:
      'How long it has been INPUT_REQUIRED until now, in all. No run counts that time, and no attempt.',
    resolve: async ({ id }, _args, context) =>
      (await loadBatched(context, 'waitedForPeople', id, (ids) => readWaitsOfTasks(context.services, ids))) ??
      0,
  }),
}));

async function parseFilter(
  context: GraphqlContext,
  filter: FilterShape | null | undefined,
): Promise<QuestionSelection> {
  const { status, blocking, task, agent } = filter ?? {};
  return {
    ...(status ? { status } : {}),
    ...(typeof blocking === 'boolean' ? { blocking } : {}),
    ...(task ? { taskId: await idOfTask(context, task) } : {}),
    ...(agent ? { agentId: await idOfAgent(context, agent) } : {}),
  };
}
