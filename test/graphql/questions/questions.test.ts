import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { addComment } from '../../../src/services/tasks/add-comment.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { clearTasks } from '../../support/factories/claims.js';
import { aClaimedTask, aKeyOf, anAgent, aTask, aTaskIn } from '../../support/factories/factory.js';
import { type Graph, openGraph } from '../../support/graphql/graph.js';
import { untilLogIsReadable } from '../../support/postgres/readable-log.js';

let graph: Graph;
let ann: AgentRow;
let annKey: Viewer;

beforeAll(async () => {
  graph = await openGraph();
  ann = await anAgent(graph.services, { name: 'ann', maxCapacity: 1 });
  annKey = await aKeyOf(graph.services, ann);
});
afterAll(() => graph.close());
beforeEach(() => clearTasks(graph.services));

const ASK = `mutation ($input: AskQuestionInput!) { askQuestion(input: $input) {
  question { id status askedBy { displayName } run { outcome } } task { status waitingOn allowedTransitions } errors { code path } } }`;
const ANSWER = `mutation ($input: AnswerQuestionInput!) { answerQuestion(input: $input) {
  question { answer { text by { displayName } } } task { status }
  errors { code ... on AlreadyAnsweredError { question { answer { text } } } } } }`;
const CLAIM = `mutation { claimNextTask(input: { agent: { name: "ann" } }) {
  reason run { id } questions { text answer { text } } comments { body } } }`;

async function asked(input: Record<string, unknown> = {}) {
  const { task, runId } = await aClaimedTask(graph.services, ann);
  const answer = await graph.get(ASK, { input: { runId, text: 'Which port?', ...input } }, annKey);
  return { ...answer.askQuestion, task: { ...answer.askQuestion.task, id: task.id } };
}

describe('a question', () => {
  it('is asked by an agent, answered by an operator, and is in the next claim with what people said', async () => {
    const { question, task, errors } = await asked();
    expect(errors).toEqual([]);
    expect(question).toMatchObject({ status: 'OPEN', run: { outcome: 'SUSPENDED' } });
    expect(question.askedBy.displayName).toBe('ann');
    expect(task).toMatchObject({
      status: 'INPUT_REQUIRED',
      waitingOn: ['QUESTION'],
      allowedTransitions: ['ASSIGNED', 'INBOX', 'FAILED', 'CANCELLED'],
    });
    await addComment(graph.services, graph.services.admin, { task: { id: task.id }, body: 'See the wiki' });
    await addComment(graph.services, annKey, { task: { id: task.id }, body: 'My own note' });
    const given = await graph.get(ANSWER, { input: { id: question.id, answer: { text: '5432' } } });
    expect(given.answerQuestion).toMatchObject({
      question: { answer: { text: '5432' } },
      task: { status: 'ASSIGNED' },
      errors: [],
    });
    const late = await graph.get(ANSWER, { input: { id: question.id, answer: { text: '1' } } });
    expect(late.answerQuestion.errors).toEqual([
      { code: 'ALREADY_ANSWERED', question: { answer: { text: '5432' } } },
    ]);
    const { claimNextTask } = await graph.get(CLAIM, {}, annKey);
    expect(claimNextTask).toMatchObject({
      reason: 'ASSIGNED',
      questions: [{ text: 'Which port?', answer: { text: '5432' } }],
      comments: [{ body: 'See the wiki' }],
    });
  });

  it('that does not block is answered with each heartbeat of its run', async () => {
    const { question } = await asked({ blocking: false });
    await graph.get(ANSWER, { input: { id: question.id, answer: { text: '5432' } } });
    for (let beat = 0; beat < 2; beat += 1) {
      const { heartbeat } = await graph.get(
        'mutation { heartbeat(input: {}) { answers { id answer { text } } } }',
        {},
        annKey,
      );
      expect(heartbeat.answers).toEqual([{ id: question.id, answer: { text: '5432' } }]);
    }
  });

  it('is found by its id, in lists by state, and on its task with the time spent waiting', async () => {
    const { question, task } = await asked();
    await graph.services.sql("UPDATE questions SET created_at = now() - interval '1 hour'");
    const other = await aTaskIn(graph.services, 'INPUT_REQUIRED', await anAgent(graph.services));
    await graph.get(ANSWER, { input: { id: question.id, answer: { text: '5432' } } });
    const data = await graph.get(
      `query ($id: ID!, $task: ID!) {
        question(id: $id) { task { id } } node(id: $id) { id }
        open: questions(filter: { status: [OPEN] }) { totalCount nodes { task { id } } }
        own: questions(filter: { agent: { name: "ann" }, blocking: true }) { nodes { id } }
        all: questions { totalCount }
        waiting: tasks(filter: { waitingOn: [QUESTION] }) { nodes { id } }
        task(ref: { id: $task }) { waitedForPeople questions { nodes { id } } } }`,
      { id: question.id, task: task.id },
    );
    expect(data).toMatchObject({
      question: { task: { id: task.id } },
      node: { id: question.id },
      open: { totalCount: 1, nodes: [{ task: { id: other.id } }] },
      own: { nodes: [{ id: question.id }] },
      all: { totalCount: 2 },
      waiting: { nodes: [{ id: other.id }] },
      task: { questions: { nodes: [{ id: question.id }] } },
    });
    expect(data.task.waitedForPeople).toMatch(/^PT1H/);
  });

  it('is hidden from an agent that may not see its task', async () => {
    const { question } = await asked();
    const stranger = await aKeyOf(graph.services, await anAgent(graph.services));
    const query = 'query ($id: ID!) { question(id: $id) { id } questions { totalCount } }';
    expect(await graph.get(query, { id: question.id }, stranger)).toEqual({
      question: null,
      questions: { totalCount: 0 },
    });
  });
});

describe('a comment that names an agent', () => {
  it('is an event for that agent, with its text even if the agent may not see the task', async () => {
    const bob = await anAgent(graph.services, { name: 'bob' });
    const bobKey = await aKeyOf(graph.services, bob);
    const { id } = await aTask(graph.services, { assignee: { id: ann.id } });
    await addComment(graph.services, graph.services.admin, {
      task: { id },
      body: 'Ask @bob, not @nobody or me@ann.',
    });
    await untilLogIsReadable(graph.services.database.pool);
    const query = `{ events(last: 5, filter: { types: ["comment.mentioned"] }) { nodes {
      ... on CommentMentionedEvent { agent { name } message task { id } comment { body } } } } }`;
    const mention = { agent: { name: 'bob' }, message: 'Ask @bob, not @nobody or me@ann.' };
    expect((await graph.get(query, {}, bobKey)).events.nodes).toEqual([
      { ...mention, task: null, comment: null },
    ]);
    expect((await graph.get(query)).events.nodes).toEqual([
      { ...mention, task: { id }, comment: { body: mention.message } },
    ]);
    const stranger = await aKeyOf(graph.services, await anAgent(graph.services));
    expect((await graph.get(query, {}, stranger)).events.nodes).toEqual([]);
  });
});
