import type { AlreadyAnswered } from '../../domain/refusals.js';
import { answerQuestion } from '../../services/questions/answer-question.js';
import { askQuestion, type QuestionOfTask } from '../../services/questions/ask-question.js';
import { withdrawQuestion } from '../../services/questions/withdraw-question.js';
import { answer, payloadType } from '../base/payloads.js';
import { loadRow } from '../base/row-loads.js';
import { type UserError, UserErrorInterface } from '../base/user-errors.js';
import { builder } from '../builder.js';
import { TaskType } from '../tasks/task.js';
import { QuestionType } from './question.js';
import { AnswerQuestionInput, AskQuestionInput } from './question-inputs.js';

const QuestionPayload = payloadType<QuestionOfTask>(
  'QuestionPayload',
  'The answer of a mutation of one question.',
);
builder.objectFields(QuestionPayload, (t) => ({
  question: t.field({
    type: QuestionType,
    nullable: true,
    description: 'The current question; null if the mutation was refused.',
    resolve: ({ result }) => result?.question,
  }),
  task: t.field({
    type: TaskType,
    nullable: true,
    description: 'Its task; null if the mutation was refused.',
    resolve: ({ result }) => result?.task,
  }),
}));

builder.objectRef<UserError<AlreadyAnswered>>('AlreadyAnsweredError').implement({
  description: 'The question is not open any more.',
  interfaces: [UserErrorInterface],
  fields: (t) => ({
    question: t.field({
      type: QuestionType,
      nullable: true,
      description: 'The current question, with the answer that won if it is ANSWERED.',
      resolve: ({ refusal }, _args, context) => loadRow(context, 'Question', refusal.questionId),
    }),
  }),
});

builder.mutationFields((t) => ({
  askQuestion: t.field({
    type: QuestionPayload,
    authScopes: { agent: true },
    description:
      'Asks people a question about the task of a live run. By default the run ends as SUSPENDED and the task is INPUT_REQUIRED until the answer; its lease and the slot of its agent are free at once. It counts as no attempt. The same call with the same run and text is answered again.',
    args: {
      input: t.arg({ type: AskQuestionInput, required: true, description: 'The run and its question.' }),
    },
    resolve: (_root, { input }, { services, viewer }) => answer(askQuestion(services, viewer, input)),
  }),
  answerQuestion: t.field({
    type: QuestionPayload,
    authScopes: { agent: true },
    description:
      'Answers a question: for operators, and for the agent that created the task, but not for the agent that asked. The task of a blocking question is claimable again at once, at its old place in the queue, for the same agent first. The first answer wins: a later one is refused with ALREADY_ANSWERED and the answer that won.',
    args: {
      input: t.arg({
        type: AnswerQuestionInput,
        required: true,
        description: 'The question and its answer.',
      }),
    },
    resolve: (_root, { input }, { services, viewer }) => answer(answerQuestion(services, viewer, input)),
  }),
  withdrawQuestion: t.field({
    type: QuestionPayload,
    authScopes: { agent: true },
    description:
      'Withdraws a question: its task goes on without an answer. For operators, for the agent that asked, and for the agent that created the task.',
    args: { id: t.arg.id({ required: true, description: 'The question.' }) },
    resolve: (_root, { id }, { services, viewer }) => answer(withdrawQuestion(services, viewer, id)),
  }),
}));
