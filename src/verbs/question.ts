import * as z from 'zod';
import type { QuestionFieldsFragment, QuestionOfTaskFragment } from '../sdk/index.js';
import {
  flag,
  idempotencyKey,
  maybeOneOf,
  maybeSomeOf,
  maybeText,
  maybeWords,
  page,
  text,
} from './fields.js';
import { nodesOf, readList, viewList } from './list.js';
import { done, type Look, lines, manyLines, oneLine, type View } from './looks/look.js';
import { place, taskDone } from './looks/task-look.js';
import { age, distance } from './looks/times.js';
import { words } from './looks/words.js';
import { toOptionalAgent, toTaskRef } from './refs.js';
import { defineVerb, effects } from './verb.js';

const STATUSES = ['OPEN', 'ANSWERED', 'WITHDRAWN', 'EXPIRED', 'CLOSED'] as const;

const question = text('The question: its id (qst_…).');

const list = defineVerb({
  name: 'question list',
  summary:
    'Lists the questions of agents, the longest waiting first; the open ones unless you say otherwise.',
  use: 'Use it to see what agents wait for.',
  avoid: 'For one question with its choices use "question show".',
  operations: ['questions'],
  effect: effects.reads,
  input: z.strictObject({
    status: maybeSomeOf(STATUSES, 'In one of these states: open, answered, withdrawn, expired, closed.'),
    task: maybeText('About this task: its ref or its id.'),
    agent: maybeText('Asked by this agent: its name or its id.'),
    ...page,
  }),
  examples: ['mc question list', 'mc question list --task TASK-42 --status answered'],
  run: (client, { status, task, agent, limit, after, all }, options) => {
    const filter = {
      status: status ?? ['OPEN' as const],
      agent: toOptionalAgent(agent),
      ...(task && { task: toTaskRef(task) }),
    };
    return readList(client.questions({ first: limit, after, filter }, options), all);
  },
  data: nodesOf,
  view: (found, look) =>
    viewList(found, look, {
      columns: ['ID', 'STATUS', 'TASK', 'BY', 'AGE', 'QUESTION'],
      row: (node) => rowOf(node, look),
      empty: 'No agent waits for an answer.',
      hint: toAnswerCommand,
    }),
});

const show = defineVerb({
  name: 'question show',
  summary: 'Shows one question with its choices, its deadline and its answer.',
  use: 'Use it before you answer a choice.',
  avoid: 'For the whole story of the task use "task show".',
  operations: ['question'],
  effect: effects.reads,
  input: z.strictObject({ question }),
  places: ['question'],
  examples: ['mc question show qst_01k8', 'mc question show qst_01k8 --json'],
  run: (client, { question: id }, options) => client.question({ id }, options),
  view: (found, look) =>
    found
      ? { ...viewOf(found, look), ...(found.status === 'OPEN' && { hint: toAnswerCommand(found) }) }
      : lines('There is no such question.'),
});

const ask = defineVerb({
  name: 'question ask',
  summary: 'Asks people about the task of a run. The run ends and the task waits for the answer.',
  use: 'Use it when only a person can decide. Claim the next task afterwards.',
  avoid: 'To tell people something without an answer use "task comment".',
  operations: ['askQuestion'],
  effect: effects.adds,
  input: z.strictObject({
    run: text('The live run (run_…) that asks.'),
    text: text('The question, in Markdown.'),
    kind: maybeOneOf(
      ['TEXT', 'CHOICE', 'CONFIRM'],
      'What it asks for: text, choice or confirm. Choices make it a choice.',
    ),
    choices: maybeWords('The choices of a choice: key=what it means, one entry each.'),
    goOn: flag('The run goes on, and the answer comes with its heartbeats.'),
    deadline: maybeText('How long to wait for an answer: 2h or P1D. Then the question is escalated.'),
    idempotencyKey,
  }),
  places: ['run', 'text'],
  texts: ['text'],
  examples: [
    'mc question ask run_01k8 "Which database?" --choices pg=PostgreSQL,lite=SQLite',
    'mc question ask run_01k8 "May I delete it?" --kind confirm --deadline P1D',
  ],
  run: (client, { run: runId, goOn, choices, kind, ...given }, options) =>
    client.askQuestion(
      {
        ...{ ...given, runId, blocking: !goOn },
        kind: kind ?? (choices ? 'CHOICE' : 'TEXT'),
        ...(choices && { options: choices.map(toOption) }),
      },
      options,
    ),
  view: ({ question: asked, task }, look) => ({
    parts: [taskDone(look, task, `asks ${asked.id}, ${place(task)}`)],
    hint: `mc question show ${asked.id}`,
  }),
});

const answer = defineVerb({
  name: 'question answer',
  summary: 'Answers a question: the task goes on at once. The first answer wins.',
  use: 'Use it as an operator, or as the agent that created the task.',
  avoid: 'To let the agent go on without an answer use "question withdraw".',
  operations: ['answerQuestion'],
  effect: effects.sets,
  input: z.strictObject({
    question,
    text: maybeText('The answer to a text, or a remark to a choice or a confirmation.'),
    choices: maybeWords('The keys of the chosen options.'),
    yes: flag('Confirms: yes.'),
    no: flag('Confirms: no.'),
    idempotencyKey,
  }),
  places: ['question', 'text'],
  texts: ['text'],
  examples: [
    'mc question answer qst_01k8 "PostgreSQL, on port 5432"',
    'mc question answer qst_01k8 --choices pg',
    'mc question answer qst_01k8 --yes',
  ],
  run: (client, { question: id, text: said, choices, yes, no, ...given }, options) => {
    const confirmed = yes ? true : no ? false : undefined;
    return client.answerQuestion({ ...given, id, answer: { text: said, choices, confirmed } }, options);
  },
  view: ({ question: answered, task }, look) =>
    lines(done(look, `${oneLine(answered.text)} ${answerOf(answered)}`), taskDone(look, task, place(task))),
});

const withdraw = defineVerb({
  name: 'question withdraw',
  summary: 'Withdraws a question: its task goes on without an answer.',
  use: 'Use it when the question is not needed any more.',
  avoid: 'If you know the answer use "question answer".',
  operations: ['withdrawQuestion'],
  effect: effects.removes,
  input: z.strictObject({ question }),
  places: ['question'],
  examples: ['mc question withdraw qst_01k8', 'mc question withdraw qst_01k8 --json'],
  run: (client, { question: id }, options) => client.withdrawQuestion({ id }, options),
  view: ({ task }, look) => lines(taskDone(look, task, place(task))),
});

export const questionVerbs = [ask, list, show, answer, withdraw];

/** The command that answers the question, in the form of its kind. */
function toAnswerCommand({ id, kind, options }: QuestionFieldsFragment): string {
  const said = { TEXT: '"…"', CHOICE: `--choices ${options[0]?.key ?? '…'}`, CONFIRM: '--yes' }[kind];
  return `mc question answer ${id} ${said}`;
}

/** The choice of a word: `key=what it means`, or a key that says it itself. */
export function toOption(word: string): { readonly key: string; readonly label: string } {
  const at = word.indexOf('=');
  return at < 0 ? { key: word, label: word } : { key: word.slice(0, at), label: word.slice(at + 1) };
}

function rowOf(
  { id, status, task, askedBy, createdAt, text: asked }: QuestionOfTaskFragment,
  look: Look,
): readonly string[] {
  return [id, words(status), task.ref, oneLine(askedBy.displayName), age(createdAt, look), oneLine(asked)];
}

function viewOf(found: QuestionOfTaskFragment, look: Look): View {
  const { task, status, kind, deadline, createdAt, askedBy, options } = found;
  return lines(
    `${look.paint('strong', task.ref)}  ${oneLine(task.title)}`,
    `${words(status)} · ${words(kind)} · asked by ${oneLine(askedBy.displayName)} ${age(createdAt, look)} ago`,
    deadline && `needed ${distance(deadline, look)}, then: ${words(found.onDeadline)}`,
    manyLines(found.text),
    ...options.map(
      ({ key, label, description }) =>
        `${key}  ${oneLine(label)}${description ? `: ${oneLine(description)}` : ''}`,
    ),
    found.answer && answerOf(found),
  );
}

function answerOf({ answer: given }: QuestionFieldsFragment): string {
  if (!given) return '';
  const confirmed = given.confirmed === null ? '' : given.confirmed ? 'yes' : 'no';
  const said = [confirmed, given.choices?.join(', ') ?? '', oneLine(given.text ?? '')].filter(
    (part) => part !== '',
  );
  return `→ ${said.join(': ')} (${oneLine(given.by.displayName)})`;
}
