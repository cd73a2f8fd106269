import type { AnswerInput } from '../../domain/questions/answer.js';
import type { QuestionOption } from '../../domain/questions/question-types.js';
import { parseAnswer, parseOptions } from '../../domain/questions/stored-question.js';
import type { Question } from '../../generated/prisma/client.js';
import { DeadlinePolicyEnum, QuestionKindEnum, QuestionStatusEnum } from '../base/enums.js';
import { NodeInterface } from '../base/node.js';
import { getTask, loadRow } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { ActorInterface, loadActor } from '../events/actor.js';
import { TaskRunType } from '../runs/task-run.js';
import { TaskType } from '../tasks/task.js';

const QuestionOptionType = builder.objectRef<QuestionOption>('QuestionOption').implement({
  description: 'A choice of a CHOICE question.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'What an answer names.' }),
    label: t.exposeString('label', { description: 'What people read.' }),
    description: t.exposeString('description', { nullable: true, description: 'What it means, in detail.' }),
  }),
});

const ANSWER_FIELDS = {
  text: 'The text of the answer, or a remark to a choice or a confirmation.',
  choices: 'The keys of the chosen options, for a CHOICE.',
  confirmed: 'Yes or no, for a CONFIRM.',
} as const;

/** An answered question. */
interface Answered {
  readonly question: Question;
  readonly answer: AnswerInput;
}

const AnswerType = builder.objectRef<Answered>('Answer').implement({
  description: 'The answer that won. Which fields it has depends on the kind of the question.',
  fields: (t) => ({
    text: t.string({ nullable: true, description: ANSWER_FIELDS.text, resolve: ({ answer }) => answer.text }),
    choices: t.stringList({
      nullable: true,
      description: ANSWER_FIELDS.choices,
      resolve: ({ answer }) => (answer.choices ? [...answer.choices] : null),
    }),
    confirmed: t.boolean({
      nullable: true,
      description: ANSWER_FIELDS.confirmed,
      resolve: ({ answer }) => answer.confirmed,
    }),
    by: t.field({
      type: ActorInterface,
      description: 'Who answered; the system for a default at the deadline.',
      resolve: ({ question }, _args, context, info) =>
        loadActor(context, info, question.answeredByKeyId, question.answeredByAgentId),
    }),
    at: t.field({
      type: 'DateTime',
      description: 'When it was answered.',
      resolve: ({ question }) => question.closedAt ?? question.createdAt,
    }),
  }),
});

const DefaultAnswerType = builder.objectRef<AnswerInput>('DefaultAnswer').implement({
  description: 'What becomes the answer if none comes before the deadline.',
  fields: (t) => ({
    text: t.exposeString('text', { nullable: true, description: ANSWER_FIELDS.text }),
    choices: t.stringList({
      nullable: true,
      description: ANSWER_FIELDS.choices,
      resolve: ({ choices }) => (choices ? [...choices] : null),
    }),
    confirmed: t.exposeBoolean('confirmed', { nullable: true, description: ANSWER_FIELDS.confirmed }),
  }),
});

export const QuestionType = builder.prismaObject('Question', {
  description: 'A question of an agent to people, about the task on which it works.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    task: t.field({
      type: TaskType,
      description: 'The task.',
      resolve: (question, _args, context, info) => getTask(context, info, question.taskId),
    }),
    run: t.field({
      type: TaskRunType,
      description: 'The run that asked. A blocking question has ended it as SUSPENDED.',
      resolve: async ({ runId }, _args, context) => {
        const run = await loadRow(context, 'TaskRun', runId);
        if (run === null) throw new Error(`${runId} has asked a question but does not exist`);
        return run;
      },
    }),
    askedBy: t.field({
      type: ActorInterface,
      description: 'Who asked: the agent of the run, or an operator on its behalf.',
      resolve: (question, _args, context, info) =>
        loadActor(context, info, question.askedByKeyId, question.askedByAgentId),
    }),
    text: t.exposeString('text', { description: 'The question, in Markdown.' }),
    kind: t.expose('kind', { type: QuestionKindEnum, description: 'The kind of answer it asks for.' }),
    options: t.field({
      type: [QuestionOptionType],
      description: 'The choices of a CHOICE; empty for other kinds.',
      resolve: ({ options }) => [...parseOptions(options)],
    }),
    multiple: t.exposeBoolean('multiple', { description: 'Whether an answer may name several options.' }),
    blocking: t.exposeBoolean('blocking', {
      description: 'Whether the task waits for the answer. Otherwise its run goes on.',
    }),
    status: t.expose('status', { type: QuestionStatusEnum, description: 'The current state.' }),
    default: t.field({
      type: DefaultAnswerType,
      nullable: true,
      description: 'The answer that USE_DEFAULT applies at the deadline, if one was given.',
      resolve: ({ defaultAnswer }) => parseAnswer(defaultAnswer),
    }),
    deadline: t.expose('deadline', {
      type: 'DateTime',
      nullable: true,
      description: 'Until when an answer is needed.',
    }),
    onDeadline: t.expose('onDeadline', {
      type: DeadlinePolicyEnum,
      description: 'What happens if none comes until then.',
    }),
    escalatedAt: t.expose('escalatedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the deadline passed and the question stayed open, with ESCALATE.',
    }),
    answer: t.field({
      type: AnswerType,
      nullable: true,
      description: 'The answer, once it is ANSWERED.',
      resolve: (question) => {
        const answer = parseAnswer(question.answer);
        return answer === null ? null : { question, answer };
      },
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was asked.' }),
    closedAt: t.expose('closedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was answered or ended without an answer.',
    }),
  }),
});
