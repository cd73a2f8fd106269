import { describe, expect, it } from 'vitest';
import { answerQuestion } from '../../../src/services/questions/answer-question.js';
import { askQuestion } from '../../../src/services/questions/ask-question.js';
import { expireQuestions } from '../../../src/services/questions/expire-questions.js';
import { eventsOf } from '../../support/factories/aging.js';
import { claimFor } from '../../support/factories/claims.js';
import { aClaimedTask, anAgent } from '../../support/factories/factory.js';
import { refusalOf } from '../../support/factories/refusals.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';
import { holdLocks } from '../../support/postgres/held-lock.js';
import { untilLogIsReadable } from '../../support/postgres/readable-log.js';

let services: TestServices;
useServices((opened) => {
  services = opened;
});

type Input = Partial<Parameters<typeof askQuestion>[2]>;

async function askWithDeadline(input: Input, isPassed = true) {
  const agent = await anAgent(services);
  const { runId } = await aClaimedTask(services, agent);
  const base = { runId, text: 'Which port?', deadline: 60_000 };
  const { question, task } = await askQuestion(services, services.admin, { ...base, ...input });
  if (isPassed)
    await services.sql("UPDATE questions SET deadline = now() - interval '1 s' WHERE id = $1", [question.id]);
  return { agent, question, task };
}

const stateOf = async (id: string) => {
  const [row] = await services.sql(
    `SELECT q.status AS question, q.answer, q.escalated_at IS NOT NULL AS escalated, t.status AS task, t.failure_reason AS reason,
       t.open_questions AS open FROM questions q JOIN tasks t ON t.id = q.task_id WHERE q.id = $1`,
    [id],
  );
  return row;
};

describe('a deadline that passes without an answer', () => {
  it('with ESCALATE leaves the question open and says so once', async () => {
    const { question, task } = await askWithDeadline({});
    expect(await expireQuestions(services)).toEqual({ handled: 1, nextInMs: undefined });
    expect(await expireQuestions(services)).toEqual({ handled: 0, nextInMs: undefined });
    expect(await stateOf(question.id)).toMatchObject({
      question: 'OPEN',
      escalated: true,
      task: 'INPUT_REQUIRED',
    });
    await untilLogIsReadable(services.database.pool);
    expect(await eventsOf(services, task.id, ['question.escalated'])).toHaveLength(1);
    const late = { id: question.id, answer: { text: '5432' } };
    expect((await answerQuestion(services, services.admin, late)).task.status).toBe('ASSIGNED');
  });

  it('with USE_DEFAULT answers with the default, and the task goes on', async () => {
    const { agent, question, task } = await askWithDeadline({
      onDeadline: 'USE_DEFAULT',
      default: { text: '5432' },
    });
    await expireQuestions(services);
    expect(await stateOf(question.id)).toMatchObject({
      question: 'ANSWERED',
      answer: { text: '5432' },
      task: 'ASSIGNED',
      open: 0,
    });
    expect((await claimFor(services, agent)).task?.id).toBe(task.id);
    const late = answerQuestion(services, services.admin, { id: question.id, answer: { text: '1' } });
    expect((await refusalOf(late)).message).toContain('5432');
  });

  it('with FAIL fails the task with its own reason', async () => {
    const { question, task } = await askWithDeadline({ onDeadline: 'FAIL' });
    await expireQuestions(services);
    expect(await stateOf(question.id)).toMatchObject({
      question: 'EXPIRED',
      task: 'FAILED',
      reason: 'QUESTION_EXPIRED',
      open: 0,
    });
    await untilLogIsReadable(services.database.pool);
    const types = (await eventsOf(services, task.id)).map(({ type }) => type);
    expect(types.slice(-3)).toEqual(['question.expired', 'task.failed', 'task.comment_added']);
  });

  it('also ends a question that does not block, without touching its run', async () => {
    const { question } = await askWithDeadline({
      blocking: false,
      onDeadline: 'USE_DEFAULT',
      default: { text: '5432' },
    });
    await expireQuestions(services);
    expect(await stateOf(question.id)).toMatchObject({ question: 'ANSWERED', task: 'IN_PROGRESS', open: 0 });
  });
});

describe('the job of the deadlines', () => {
  it('is due again at the next deadline', async () => {
    await askWithDeadline({}, false);
    const { handled, nextInMs = 0 } = await expireQuestions(services);
    expect(handled).toBe(0);
    expect(nextInMs).toBeGreaterThan(55_000);
    expect(nextInMs).toBeLessThanOrEqual(60_000);
  });

  it('skips a task that another transaction has locked, and comes again soon', async () => {
    const [held, free] = [await askWithDeadline({}), await askWithDeadline({})];
    const locks = await holdLocks(services, 'SELECT FROM tasks WHERE id = $1 FOR UPDATE', [held.task.id]);
    const first = await expireQuestions(services);
    const second = await expireQuestions(services);
    await locks.release();
    expect(first).toEqual({ handled: 1, nextInMs: 0 });
    expect(second).toEqual({ handled: 0, nextInMs: 100 });
    expect(await stateOf(free.question.id)).toMatchObject({ escalated: true });
    expect(await expireQuestions(services)).toMatchObject({ handled: 1 });
  });
});
