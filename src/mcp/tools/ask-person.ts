import * as z from 'zod';
import type { AnswerInput, AskQuestionInput, TypedDocument } from '../../sdk/index.js';
import { maybeText, maybeWords, text } from '../../verbs/fields.js';
import { toOption } from '../../verbs/question.js';
import { effects } from '../../verbs/verb.js';
import { answerIn, formOf } from '../forms.js';
import { briefTask, compactRecord, outputOf, type ToolOutput } from '../output.js';
import { defineTool, type ToolCallOptions, type ToolSession } from '../tool.js';
import { forgetRun, run } from './run-field.js';

/**
 * Asks the person at the client where the client can do it, and else the people of the server. At the client the run goes
 * on, because the answer comes with the call.
 */
export const askPerson = defineTool({
  name: 'ask_person',
  title: 'Ask a person',
  description:
    'Asks people about the task of a run. If answer comes back, go on with the run. Otherwise the run has ended and the task waits for the answer: claim the next task, and the answer comes in questions when you claim this task again.',
  input: z.strictObject({
    text: text('The question, in Markdown.'),
    choices: maybeWords('The choices: key=what it means.'),
    deadline: maybeText('How long to wait for an answer: 2h or P1D.'),
    run,
  }),
  output: outputOf({ 'answer?': 'object', 'question?': 'object', 'task?': 'object' }),
  effect: effects.adds,
  async call(session, { run: runId, text: asked, choices, deadline }, options) {
    const kind = choices ? ('CHOICE' as const) : ('TEXT' as const);
    const question = { runId, text: asked, kind, options: choices?.map(toOption) };
    const answer = await askClient(session, question, options);
    if (answer !== null) return keepAnswer(session, question, answer, options);
    const output = await session.client.askQuestion({ ...question, deadline }, options);
    forgetRun(session, { run: runId });
    return { question: compactRecord(output.question), task: briefTask(output.task) };
  },
});

/** The answer of the person at the client; null if there is none. */
async function askClient(
  { client, held }: ToolSession,
  { runId, text: asked, kind, options }: AskQuestionInput,
  { showForm, signal }: ToolCallOptions,
): Promise<AnswerInput | null> {
  if (showForm === undefined || !kind) return null;
  // A person is not asked for a run that has ended.
  await client.renewLease({ runId, lease: held.lease }, { signal });
  return answerIn(await showForm(formOf(asked, { kind, multiple: false, options: options ?? [] })));
}

/**
 * Keeps what the person at the client has said: as an answered question, or as a comment where the key is the one of the
 * agent itself, which may not answer its own questions.
 */
async function keepAnswer(
  { client }: ToolSession,
  question: AskQuestionInput,
  answer: AnswerInput,
  options: ToolCallOptions,
): Promise<ToolOutput> {
  const { agent } = await client.viewer(options);
  if (agent === null) {
    const asked = await client.askQuestion({ ...question, blocking: false }, options);
    const output = await client.answerQuestion({ id: asked.question.id, answer }, options);
    return { answer, question: compactRecord(output.question), task: briefTask(output.task) };
  }
  const { node } = await client.request(TASK_OF_RUN, { id: question.runId }, options);
  const said = answer.text ?? answer.choices?.join(', ');
  const body = `Asked the person at the client of ${agent.name}:\n\n${question.text}\n\nAnswer: ${said}`;
  if (node?.task) await client.addComment({ task: { id: node.task.id }, body }, options);
  return { answer };
}

const TASK_OF_RUN: TypedDocument<
  { readonly node: { readonly task?: { readonly id: string } } | null },
  { readonly id: string }
> = 'query TaskOfRun($id: ID!) { node(id: $id) { ... on TaskRun { task { id } } } }';
