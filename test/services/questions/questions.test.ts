import { describe, expect, it } from 'vitest';
import { answerQuestion } from '../../../src/services/questions/answer-question.js';
import { askQuestion } from '../../../src/services/questions/ask-question.js';
import { withdrawQuestion } from '../../../src/services/questions/withdraw-question.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { returnAbandonedTasks } from '../../../src/services/runs/return-abandoned-tasks.js';
import { assignTask } from '../../../src/services/tasks/assign-task.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import { createTask } from '../../../src/services/tasks/create-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { eventsOf, setLastSeen } from '../../support/factories/aging.js';
import { claimFor } from '../../support/factories/claims.js';
import { aClaimedTask, aKeyOf, anAgent, aTask, aTaskIn } from '../../support/factories/factory.js';
import { namedRefusalsOf, refusalOf } from '../../support/factories/refusals.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';
import { untilLogIsReadable } from '../../support/postgres/readable-log.js';

let services: TestServices;
useServices((opened) => {
  services = opened;
});

const PLAN = { text: 'Which database?' };

async function asked(input: Partial<Parameters<typeof askQuestion>[2]> = {}, agent?: AgentRow) {
  const worker = agent ?? (await anAgent(services, { maxCapacity: 1 }));
  const { runId } = await aClaimedTask(services, worker);
  const { question, task } = await askQuestion(services, services.admin, { runId, ...PLAN, ...input });
  return { agent: worker, runId, question, task };
}

const rowOf = async (table: 'tasks' | 'task_runs' | 'questions', id: string) =>
  (await services.sql(`SELECT * FROM ${table} WHERE id = $1`, [id]))[0] ?? {};

const answerAs = (viewer: TestServices['admin'], id: string, text = 'PostgreSQL') =>
  answerQuestion(services, viewer, { id, answer: { text } });

describe('a blocking question', () => {
  it('suspends the run and frees its lease and the slot of its agent in one step', async () => {
    const { agent, runId, question, task } = await asked();
    expect(task).toMatchObject({ status: 'INPUT_REQUIRED', currentRunId: null, openQuestions: 1 });
    expect(question).toMatchObject({ status: 'OPEN', kind: 'TEXT', blocking: true, closedAt: null });
    expect(await rowOf('task_runs', runId)).toMatchObject({
      outcome: 'SUSPENDED',
      lease_expires_at: null,
      lost_reason: null,
    });
    const other = await aTask(services, { assignee: { id: agent.id } });
    expect((await claimFor(services, agent)).task?.id).toBe(other.id);
  });

  it('is followed by its events in the log', async () => {
    const { task, question } = await asked();
    await answerAs(services.admin, question.id);
    await untilLogIsReadable(services.database.pool);
    const events = await eventsOf(services, task.id);
    expect(events.map(({ type }) => type).slice(-5)).toEqual([
      'run.suspended',
      'task.status_changed',
      'question.asked',
      'question.answered',
      'task.requeued',
    ]);
    expect(events.at(-3)?.payload).toEqual({ questionId: question.id, message: PLAN.text });
  });

  it('counts as no attempt, no rejection and no stall', async () => {
    const { task, question } = await asked();
    const { task: resumed } = await answerAs(services.admin, question.id);
    expect(resumed).toMatchObject({ dispatchAttempts: 0, reviewCycles: 0, staleRequeues: 0 });
    expect(resumed.version).toBe(task.version + 1);
  });

  it('is answered again for a repeat of the call whose answer was lost', async () => {
    const { runId, question } = await asked();
    const again = await askQuestion(services, services.admin, { runId, ...PLAN });
    expect(again.question.id).toBe(question.id);
    const other = await refusalOf(askQuestion(services, services.admin, { runId, text: 'Which host?' }));
    expect(other.code).toBe('LEASE_LOST');
  });

  it('is asked once for each idempotency key', async () => {
    const { runId } = await aClaimedTask(services, await anAgent(services));
    const input = { runId, text: 'Now?', kind: 'CONFIRM', blocking: false, idempotencyKey: 'ask-1' } as const;
    const [first, second] = [
      await askQuestion(services, services.admin, input),
      await askQuestion(services, services.admin, input),
    ];
    expect(second.question.id).toBe(first.question.id);
  });

  it('can be asked only by the agent of the run', async () => {
    const { runId } = await aClaimedTask(services, await anAgent(services));
    const stranger = await aKeyOf(services, await anAgent(services));
    const refusal = await refusalOf(askQuestion(services, stranger, { runId, ...PLAN }));
    expect(refusal.code).toBe('NOT_FOUND');
  });

  it('leaves no run that could complete the task', async () => {
    const { runId } = await asked();
    const late = completeTask(services, services.admin, { runId, resolution: 'done' });
    expect((await refusalOf(late)).code).toBe('LEASE_LOST');
  });

  it('keeps a task from being assigned, and names the ways on', async () => {
    const task = await aTaskIn(services, 'INPUT_REQUIRED', await anAgent(services));
    const refusal = await refusalOf(
      assignTask(services, services.admin, { task: { id: task.id }, assignee: null }),
    );
    expect(refusal.message).toContain('ASSIGNED (answer, withdraw the question');
  });
});

describe('an answer', () => {
  it('makes the task claimable for its agent at its old place in the queue', async () => {
    const agent = await anAgent(services);
    const { task, question } = await asked({}, agent);
    const later = await aTask(services, { assignee: { id: agent.id }, priority: 'CRITICAL' });
    const answered = await answerAs(services.admin, question.id);
    expect(answered.task).toMatchObject({ status: 'ASSIGNED', assigneeId: agent.id, openQuestions: 0 });
    expect(answered.question).toMatchObject({ status: 'ANSWERED', answer: { text: 'PostgreSQL' } });
    expect((await claimFor(services, agent)).task?.id).toBe(task.id);
    expect((await claimFor(services, agent)).task?.id).toBe(later.id);
  });

  it('returns a task of the inbox to the agent that asked, and to the inbox if that agent is silent', async () => {
    const [agent, other] = [await anAgent(services), await anAgent(services)];
    const ask = async () => {
      await aTask(services);
      const { run } = await claimFor(services, agent);
      return askQuestion(services, services.admin, { runId: run?.id ?? '', ...PLAN });
    };
    const first = await ask();
    const kept = await answerAs(services.admin, first.question.id);
    expect(kept.task).toMatchObject({ status: 'ASSIGNED', assigneeId: agent.id, pinned: false });
    await setLastSeen(services, agent.id);
    expect(await returnAbandonedTasks(services)).toBe(1);

    const second = await ask();
    await setLastSeen(services, agent.id);
    const freed = await answerAs(services.admin, second.question.id);
    expect(freed.task).toMatchObject({ status: 'INBOX', assigneeId: null });
    const claims = [await claimFor(services, other), await claimFor(services, other)];
    expect(claims.map(({ reason }) => reason)).toEqual(['ASSIGNED', 'ASSIGNED']);
  });

  it('keeps a task at the agent of its pin, also if that agent is silent', async () => {
    const { agent, question, task } = await asked();
    await setLastSeen(services, agent.id);
    const answered = await answerAs(services.admin, question.id);
    expect(answered.task).toMatchObject({ status: 'ASSIGNED', assigneeId: agent.id });
    await untilLogIsReadable(services.database.pool);
    expect(await eventsOf(services, task.id, ['task.assignee_offline'])).toHaveLength(1);
  });

  it('is given by an operator or by the agent that created the task, and by no other', async () => {
    const [lead, worker, stranger] = [
      await anAgent(services),
      await anAgent(services),
      await anAgent(services),
    ];
    const leadKey = await aKeyOf(services, lead);
    await createTask(services, leadKey, { title: 'By the lead', assignee: { id: worker.id } });
    const { run } = await claimFor(services, worker);
    const workerKey = await aKeyOf(services, worker);
    const { question } = await askQuestion(services, workerKey, { runId: run?.id ?? '', ...PLAN });
    const strangerKey = await aKeyOf(services, stranger);
    expect((await refusalOf(answerAs(strangerKey, question.id))).code).toBe('NOT_FOUND');
    expect((await refusalOf(answerAs(workerKey, question.id))).code).toBe('FORBIDDEN');
    const answered = await answerAs(leadKey, question.id);
    expect(answered.question).toMatchObject({ answeredByAgentId: lead.id, answeredByKeyId: null });
  });

  it('is not given by the agent that asked, even about a task of its own', async () => {
    const agent = await anAgent(services);
    const key = await aKeyOf(services, agent);
    await createTask(services, key, { title: 'My plan', assignee: { id: agent.id } });
    const { run } = await claimFor(services, agent);
    const { question } = await askQuestion(services, key, {
      runId: run?.id ?? '',
      text: 'May I delete it?',
      kind: 'CONFIRM',
    });
    const own = answerQuestion(services, key, { id: question.id, answer: { confirmed: true } });
    expect((await refusalOf(own)).code).toBe('FORBIDDEN');
  });

  it('wins over every later one, which is refused with the answer that won', async () => {
    const { question } = await asked();
    await answerAs(services.admin, question.id);
    const refusal = await refusalOf(answerAs(services.admin, question.id, 'MySQL'));
    expect(refusal).toMatchObject({ code: 'ALREADY_ANSWERED', questionId: question.id });
    expect(refusal.message).toContain('PostgreSQL');
    const repeat = await answerAs(services.admin, question.id);
    expect(repeat.question.answer).toEqual({ text: 'PostgreSQL' });
  });

  it('to an id that no question can have is refused, also with an idempotency key', async () => {
    for (const id of ['qst_\u0000', 'x'.repeat(10_000), ''])
      for (const idempotencyKey of [undefined, `key ${id.length}`]) {
        const given = { id, answer: { text: 'x' }, idempotencyKey };
        expect((await refusalOf(answerQuestion(services, services.admin, given))).code).toBe('NOT_FOUND');
      }
  });

  it.each([
    ['TEXT', { confirmed: true }, ['INVALID answer.text', 'INVALID answer.confirmed']],
    ['CONFIRM', { text: 'yes' }, ['INVALID answer.confirmed']],
    ['CHOICE', { choices: ['c'] }, ['INVALID answer.choices']],
    ['CHOICE', { choices: ['a', 'b'] }, ['INVALID answer.choices']],
    ['CHOICE', { text: 'a' }, ['INVALID answer.choices']],
  ] as const)('to a %s is refused if it does not fit', async (kind, answer, refusals) => {
    const options = [
      { key: 'a', label: 'One' },
      { key: 'b', label: 'Two' },
    ];
    const { question } = await asked({ kind, ...(kind === 'CHOICE' ? { options } : {}) });
    const given = answerQuestion(services, services.admin, { id: question.id, answer });
    expect(await namedRefusalsOf(given)).toEqual([...refusals]);
  });
});

describe('the end of a question without an answer', () => {
  it('by its agent lets the task go on', async () => {
    const agent = await anAgent(services);
    const { runId } = await aClaimedTask(services, agent);
    const key = await aKeyOf(services, agent);
    const { question } = await askQuestion(services, key, { runId, ...PLAN });
    const withdrawn = await withdrawQuestion(services, key, question.id);
    expect(withdrawn).toMatchObject({ question: { status: 'WITHDRAWN' }, task: { status: 'ASSIGNED' } });
    expect((await withdrawQuestion(services, key, question.id)).question.status).toBe('WITHDRAWN');
    expect((await refusalOf(answerAs(services.admin, question.id))).code).toBe('ALREADY_ANSWERED');
  });

  it('by the end of its task closes it', async () => {
    const { task, question } = await asked();
    await cancelTask(services, services.admin, { task: { id: task.id } });
    expect(await rowOf('questions', question.id)).toMatchObject({ status: 'CLOSED' });
    expect(await rowOf('tasks', task.id)).toMatchObject({ status: 'CANCELLED', open_questions: 0 });
    const refusal = await refusalOf(answerAs(services.admin, question.id));
    expect(refusal.message).toBe('The task of the question has ended.');
  });
});

describe('a question that does not block', () => {
  it('lets the run go on, and its answer changes nothing of the task', async () => {
    const { task, question, runId } = await asked({ blocking: false });
    expect(task.status).toBe('IN_PROGRESS');
    const answered = await answerAs(services.admin, question.id);
    expect(answered.task).toMatchObject({ status: 'IN_PROGRESS', version: task.version, openQuestions: 0 });
    await completeTask(services, services.admin, { runId, resolution: 'done' });
  });

  it('is limited to twenty that are open for one task', async () => {
    const { runId } = await aClaimedTask(services, await anAgent(services));
    const ask = (n: number) =>
      askQuestion(services, services.admin, { runId, text: `Question ${n}`, blocking: false });
    for (let n = 0; n < 20; n += 1) await ask(n);
    expect(await refusalOf(ask(20))).toMatchObject({ code: 'QUOTA_EXCEEDED', limit: 20 });
  });
});

describe('a question that can not be asked so', () => {
  it.each([
    [{ text: ' ' }, ['INVALID text']],
    [{ kind: 'CHOICE' }, ['INVALID options']],
    [{ options: [{ key: 'a', label: 'A' }] }, ['INVALID options']],
    [{ multiple: true }, ['INVALID multiple']],
    [{ onDeadline: 'FAIL' }, ['INVALID deadline']],
    [{ onDeadline: 'USE_DEFAULT', deadline: 1_000 }, ['INVALID default']],
    [{ onDeadline: 'FAIL', deadline: 1_000, blocking: false }, ['INVALID onDeadline']],
    [{ deadline: 1 }, ['INVALID deadline']],
    [{ default: { confirmed: true } }, ['INVALID default.text', 'INVALID default.confirmed']],
  ] as const)('is refused: %j', async (input, refusals) => {
    const { runId } = await aClaimedTask(services, await anAgent(services));
    const asking = askQuestion(services, services.admin, { runId, ...PLAN, ...input });
    expect(await namedRefusalsOf(asking)).toEqual([...refusals]);
  });
});
