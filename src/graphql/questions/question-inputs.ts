import { DeadlinePolicyEnum, QuestionKindEnum, QuestionStatusEnum } from '../base/enums.js';
import { AgentRefInput, TaskRefInput } from '../base/refs.js';
import { builder } from '../builder.js';
import { IDEMPOTENCY_KEY } from '../tasks/task-inputs.js';

const QuestionOptionInput = builder.inputType('QuestionOptionInput', {
  description: 'A choice of a CHOICE question.',
  fields: (t) => ({
    key: t.string({
      required: true,
      description: 'What an answer names: at most 100 characters, unique within the question.',
    }),
    label: t.string({ required: true, description: 'What people read: at most 500 characters.' }),
    description: t.string({ description: 'What it means, in detail: at most 2,000 characters.' }),
  }),
});

const AnswerInput = builder.inputType('AnswerInput', {
  description:
    'An answer, or the default of a question. A TEXT needs `text`, a CHOICE `choices`, a CONFIRM `confirmed`.',
  fields: (t) => ({
    text: t.string({
      description: 'The text, or a remark to a choice or a confirmation: at most 20,000 characters.',
    }),
    choices: t.stringList({
      description: 'The keys of the chosen options: one, or several if the question is `multiple`.',
    }),
    confirmed: t.boolean({ description: 'Yes or no.' }),
  }),
});

export const AskQuestionInput = builder.inputType('AskQuestionInput', {
  description: 'A question for people.',
  fields: (t) => ({
    runId: t.id({ required: true, description: 'The id of the live run that asks.' }),
    text: t.string({ required: true, description: 'The question, in Markdown: 1 to 20,000 characters.' }),
    kind: t.field({
      type: QuestionKindEnum,
      defaultValue: 'TEXT',
      description: 'The kind of answer it asks for.',
    }),
    options: t.field({ type: [QuestionOptionInput], description: 'The choices of a CHOICE: 2 to 50.' }),
    multiple: t.boolean({
      defaultValue: false,
      description: 'Whether an answer to a CHOICE may name several options.',
    }),
    blocking: t.boolean({
      defaultValue: true,
      description:
        'true: the run ends as SUSPENDED, and the task waits for the answer. false: the run goes on, and the answer comes with its next heartbeat and as an event.',
    }),
    default: t.field({ type: AnswerInput, description: 'The answer that USE_DEFAULT applies.' }),
    deadline: t.field({
      type: 'Duration',
      description: 'How long to wait for an answer: a second to a year. Without end if unset.',
    }),
    onDeadline: t.field({
      type: DeadlinePolicyEnum,
      defaultValue: 'ESCALATE',
      description: 'What happens if no answer comes in that time.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

export const AnswerQuestionInput = builder.inputType('AnswerQuestionInput', {
  description: 'An answer to a question.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The question.' }),
    answer: t.field({ type: AnswerInput, required: true, description: 'The answer.' }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

export const QuestionFilterInput = builder.inputType('QuestionFilter', {
  description: 'Selects questions that match all given conditions.',
  fields: (t) => ({
    status: t.field({ type: [QuestionStatusEnum], description: 'In one of these states.' }),
    blocking: t.boolean({ description: 'Whether their tasks wait for them.' }),
    task: t.field({ type: TaskRefInput, description: 'About this task.' }),
    agent: t.field({ type: AgentRefInput, description: 'Asked by this agent.' }),
  }),
});
