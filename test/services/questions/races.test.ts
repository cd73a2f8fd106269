import { beforeEach, describe, expect, it } from 'vitest';
import { Refusal } from '../../../src/domain/refusals.js';
import { answerQuestion } from '../../../src/services/questions/answer-question.js';
import { askQuestion } from '../../../src/services/questions/ask-question.js';
import { expireQuestions } from '../../../src/services/questions/expire-questions.js';
import { withdrawQuestion } from '../../../src/services/questions/withdraw-question.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { clearTasks } from '../../support/factories/claims.js';
import { aClaimedTask, anAgent } from '../../support/factories/factory.js';
import type { TestServices } from '../../support/factories/services.js';
import { useTwoProcesses } from '../../support/factories/use-services.js';
import { untilLogIsReadable } from '../../support/postgres/readable-log.js';

const ROUNDS = 10;

let services: TestServices;
let other: TestServices;
let agent: AgentRow;

useTwoProcesses(async (two) => {
  ({ services, other } = two);
  agent = await anAgent(services);
});
beforeEach(() => clearTasks(services));

interface Asked {
  readonly id: string;
  readonly taskId: string;
}

const answerWith =
  (text: string) =>
  (process: TestServices, { id }: Asked) =>
    answerQuestion(process, process.admin, { id, answer: { text } });

const VERBS = {
  answer: answerWith('first'),
  rival: answerWith('second'),
  withdraw: (process, { id }) => withdrawQuestion(process, process.admin, id),
  cancel: (process, { taskId }) => cancelTask(process, process.admin, { task: { id: taskId } }),
  deadline: async (process) => {
    const { handled } = await expireQuestions(process);
    if (handled === 0) throw new Refusal('ALREADY_ANSWERED', 'nothing was due');
  },
} satisfies Record<string, (process: TestServices, asked: Asked) => Promise<unknown>>;

type Name = keyof typeof VERBS;

/** The answer that is stored if the verb has won. */
const SAYS: Readonly<Record<Name, string | null>> = {
  answer: 'first',
  rival: 'second',
  deadline: 'default',
  withdraw: null,
  cancel: null,
};

async function ask(onDeadline: 'USE_DEFAULT' | 'FAIL'): Promise<Asked> {
  // What an earlier round has returned to the agent would be claimed first.
  await clearTasks(services);
  const { runId } = await aClaimedTask(services, agent);
  const { question, task } = await askQuestion(services, services.admin, {
    runId,
    text: 'Which one?',
    deadline: 60_000,
    onDeadline,
    ...(onDeadline === 'USE_DEFAULT' ? { default: { text: 'default' } } : {}),
  });
  await services.sql("UPDATE questions SET deadline = now() - interval '1 s' WHERE id = $1", [question.id]);
  return { id: question.id, taskId: task.id };
}

/** The verbs that took effect, and the codes of the refused ones. A fault is an error of the test. */
async function race(asked: Asked, names: readonly Name[]): Promise<{ done: Name[]; refused: string[] }> {
  const outcomes = await Promise.allSettled(
    names.map((name, i) => VERBS[name](i % 2 ? other : services, asked)),
  );
  const done = names.filter((_, i) => outcomes[i]?.status === 'fulfilled');
  const refused = outcomes.flatMap((outcome) => {
    if (outcome.status === 'fulfilled') return [];
    if (outcome.reason instanceof Refusal) return [outcome.reason.code];
    throw outcome.reason;
  });
  return { done, refused };
}

async function stateOf({ id }: Asked) {
  const [row] = await services.sql<{
    question: string;
    task: string;
    said: string | null;
    wakes: number;
    ends: number;
  }>(
    `SELECT q.status AS question, t.status AS task, q.answer->>'text' AS said,
      (SELECT count(*)::int FROM events e WHERE e.task_id = t.id AND e.type = 'task.requeued') AS wakes,
      (SELECT count(*)::int FROM events e WHERE e.task_id = t.id AND e.type LIKE 'question.%' AND e.type <> 'question.asked') AS ends
     FROM questions q JOIN tasks t ON t.id = q.task_id WHERE q.id = $1`,
    [id],
  );
  return row;
}

describe('two ends of one question at once', () => {
  it.each([
    { names: ['answer', 'rival'], onDeadline: 'FAIL' },
    { names: ['answer', 'deadline'], onDeadline: 'USE_DEFAULT' },
    { names: ['answer', 'deadline'], onDeadline: 'FAIL' },
    { names: ['answer', 'withdraw'], onDeadline: 'FAIL' },
    { names: ['deadline', 'deadline'], onDeadline: 'USE_DEFAULT' },
  ] as const)(
    '$names ($onDeadline): one takes effect, and the other is told',
    async ({ names, onDeadline }) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const asked = await ask(onDeadline);
        const { done, refused } = await race(asked, names);
        expect(done).toHaveLength(1);
        expect(refused).toEqual(['ALREADY_ANSWERED']);
        await untilLogIsReadable(services.database.pool);
        const state = await stateOf(asked);
        expect(state?.ends).toBe(1);
        const isFailed = done[0] === 'deadline' && onDeadline === 'FAIL';
        expect(state).toMatchObject({ task: isFailed ? 'FAILED' : 'ASSIGNED', wakes: isFailed ? 0 : 1 });
        expect(state?.said).toBe(isFailed ? null : SAYS[done[0] ?? 'withdraw']);
      }
    },
  );

  it('an answer and a cancellation: the task is cancelled, and the answer stands or is refused', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const asked = await ask('FAIL');
      const { done, refused } = await race(asked, ['answer', 'cancel']);
      expect(done).toContain('cancel');
      expect(refused).toEqual(done.includes('answer') ? [] : ['ALREADY_ANSWERED']);
      expect(await stateOf(asked)).toMatchObject({
        task: 'CANCELLED',
        question: done.includes('answer') ? 'ANSWERED' : 'CLOSED',
      });
    }
  });
});

describe('a question and another end of its run at once', () => {
  it('leaves the run with one of the two', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { task, runId } = await aClaimedTask(services, agent);
      const outcomes = await Promise.allSettled([
        askQuestion(services, services.admin, { runId, text: 'Which one?' }),
        completeTask(other, other.admin, { runId, resolution: 'done' }),
      ]);
      const [asking] = outcomes;
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const [row] = await services.sql(
        `SELECT t.status, t.open_questions, r.outcome FROM tasks t JOIN task_runs r ON r.task_id = t.id WHERE t.id = $1`,
        [task.id],
      );
      expect(row).toEqual(
        asking?.status === 'fulfilled'
          ? { status: 'INPUT_REQUIRED', open_questions: 1, outcome: 'SUSPENDED' }
          : { status: 'REVIEW', open_questions: 0, outcome: 'SUCCEEDED' },
      );
    }
  });
});
