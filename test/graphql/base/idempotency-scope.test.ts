import { getNamedType, isInputObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { askQuestion } from '../../../src/services/questions/ask-question.js';
import { createTask } from '../../../src/services/tasks/create-task.js';
import { claimFor as claimAs } from '../../support/factories/claims.js';
import { aClaimedTask, aKeyOf, anAgent } from '../../support/factories/factory.js';
import { type Graph, openGraph, schema } from '../../support/graphql/graph.js';

let graph: Graph;
let ann: Viewer;
let ben: Viewer;
/** The run of ann and the one of ben. */
const runs = { ann: '', ben: '' };
const tasks = { ann: '', ben: '' };
/** An open question about a task that ann has created, and one about a task of ben. */
const questions = { ann: '', ben: '' };
/** Gives an agent a new run. */
let claimFor: (who: 'ann' | 'ben') => Promise<void>;
/** Gives an agent a new question that it may answer. */
let askFor: (who: 'ann' | 'ben') => Promise<void>;

beforeAll(async () => {
  graph = await openGraph();
  const { services } = graph;
  const agents = {
    ann: await anAgent(services, { name: 'ann', role: 'reviewer', maxCapacity: 50 }),
    ben: await anAgent(services, { name: 'ben', role: 'reviewer', maxCapacity: 50 }),
  };
  ann = await aKeyOf(services, agents.ann);
  ben = await aKeyOf(services, agents.ben);
  claimFor = async (who) => {
    const { task, runId } = await aClaimedTask(services, agents[who]);
    runs[who] = runId;
    tasks[who] = task.id;
  };
  await claimFor('ann');
  await claimFor('ben');
  askFor = async (who) => {
    // Of its own, so that the claim gets no answered task.
    const asker = await anAgent(services);
    const creator = who === 'ann' ? ann : ben;
    await createTask(services, creator, {
      title: 'Unclear',
      priority: 'CRITICAL',
      assignee: { id: asker.id },
    });
    const { run } = await claimAs(services, asker);
    const question = { runId: run?.id ?? '', text: 'Which one?' };
    const asked = await askQuestion(services, await aKeyOf(services, asker), question);
    questions[who] = asked.question.id;
  };
  await askFor('ann');
  await askFor('ben');
  await graph.get(
    'mutation { createPipeline(input: { name: "p", steps: [{ key: "a", template: { title: "A {{v}}" } }] }) { errors { message } } }',
  );
});

afterAll(() => graph.close());

/** A use of every mutation with an idempotency key. `who` is the agent that sends it, `text` makes inputs differ. */
const USES: Readonly<Record<string, (key: string, who: 'ann' | 'ben', text: string) => string>> = {
  createTask: (key, _who, text) => `input: { title: "${text}", idempotencyKey: "${key}" }) { task { title }`,
  createTasks: (key, _who, text) =>
    `inputs: [{ title: "${text}", idempotencyKey: "${key}" }]) { tasks { title }`,
  addComment: (key, who, text) =>
    `input: { task: { id: "${tasks[who]}" }, body: "${text}", idempotencyKey: "${key}" }) { comment { body }`,
  startPipeline: (key, _who, text) =>
    `input: { name: "p", variables: { v: "${text}" }, idempotencyKey: "${key}" }) { pipelineRun { variables }`,
  claimNextTask: (key, _who, text) =>
    `input: { tags: ["${text}"], idempotencyKey: "${key}" }) { reason task { title }`,
  askQuestion: (key, who, text) =>
    `input: { runId: "${runs[who]}", text: "${text}", blocking: false, idempotencyKey: "${key}" }) { question { text }`,
  answerQuestion: (key, who, text) =>
    `input: { id: "${questions[who]}", answer: { text: "${text}" }, idempotencyKey: "${key}" }) { question { answer { text } }`,
  completeTask: (key, who, text) =>
    `input: { runId: "${runs[who]}", resolution: "${text}", idempotencyKey: "${key}" }) { task { resolution }`,
  submitVerdict: (key, who, text) =>
    `input: { task: { id: "${tasks[who]}" }, verdict: REJECTED, feedback: "${text}", idempotencyKey: "${key}" }) { task { status }`,
  createRecurringTask: (key, _who, text) =>
    `input: { name: "${text}", schedule: "daily", template: { title: "x" }, idempotencyKey: "${key}" }) { recurringTask { name }`,
};

function send(mutation: string, key: string, viewer: Viewer, text: string) {
  const use = USES[mutation]?.(key, viewer === ann ? 'ann' : 'ben', text);
  return graph.ask(`mutation { ${mutation}(${use} errors { code message path } } }`, {}, viewer);
}

describe('an idempotency key', () => {
  it('is tried with every mutation that takes one', () => {
    const names = Object.values(schema.getMutationType()?.getFields() ?? {})
      .filter(({ args }) =>
        args.some(({ type }) => {
          const input = getNamedType(type);
          return isInputObjectType(input) && 'idempotencyKey' in input.getFields();
        }),
      )
      .map(({ name }) => name);
    expect(Object.keys(USES).sort()).toEqual(names.sort());
  });

  it.each(Object.keys(USES))('that another agent has used tells nothing: %s', async (mutation) => {
    const before = await graph.services.sql('SELECT scope, key FROM idempotency_keys');
    await send(mutation, 'used', ann, 'text-of-ann');
    const same = await send(mutation, 'used', ben, 'text-of-ann');
    if (mutation === 'completeTask') await claimFor('ben');
    if (mutation === 'answerQuestion') await askFor('ben');
    const fresh = await send(mutation, 'fresh', ben, 'text-of-ben');
    const answered = JSON.stringify([same, fresh]);
    expect(answered).not.toContain('IDEMPOTENCY_KEY_REUSED');
    expect(JSON.stringify(same).replaceAll('text-of-ann', 'text-of-ben')).toBe(JSON.stringify(fresh));
    const after = await graph.services.sql<{ scope: string; key: string }>(
      'SELECT scope, key FROM idempotency_keys',
    );
    const added = after.slice(before.length).map(({ scope }) => scope);
    for (const scope of added) expect([ann.keyId, ann.agentId, ben.keyId, ben.agentId]).toContain(scope);
  });

  it('that another agent uses at this moment does not make the request wait', async () => {
    const { services } = graph;
    const other = await services.database.pool.connect();
    await other.query('BEGIN');
    await other.query(
      "INSERT INTO idempotency_keys (scope, operation, key, fingerprint, subject_id) VALUES ($1, 'createTask', 'now', 'x', 'task_x')",
      [ann.keyId],
    );
    const task = await createTask(services, ben, { title: 'at once', idempotencyKey: 'now' });
    await other.query('ROLLBACK');
    other.release();
    expect(task.title).toBe('at once');
  });
});
