import { describe, expect, it } from 'vitest';
import { Refusal } from '../../../src/domain/refusals.js';
import { type SubmitVerdict, submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { clearTasks } from '../../support/factories/claims.js';
import { anAgent, aTaskIn } from '../../support/factories/factory.js';
import type { TestServices } from '../../support/factories/services.js';
import { useTwoProcesses } from '../../support/factories/use-services.js';

const ROUNDS = 15;

let services: TestServices;
let other: TestServices;
let worker: AgentRow;

useTwoProcesses(async (two) => {
  ({ services, other } = two);
  worker = await anAgent(services);
});

const judge = (
  process: TestServices,
  id: string,
  verdict: SubmitVerdict['verdict'],
  key: string | null = null,
) => submitVerdict(process, process.admin, { task: { id }, verdict, feedback: verdict, idempotencyKey: key });

/** The outcome of a race: the task, the number of verdicts that count, and the comments and events of a rejection. */
async function outcomeOf(id: string) {
  const [row] = await services.sql(
    `SELECT status, review_cycles AS cycles, version,
      (SELECT count(*)::int FROM quality_reviews q WHERE q.task_id = t.id AND NOT superseded) AS counting,
      (SELECT count(*)::int FROM quality_reviews q WHERE q.task_id = t.id AND superseded) AS superseded,
      (SELECT count(*)::int FROM comments c WHERE c.task_id = t.id) AS comments,
      (SELECT array_agg(payload->>'to' ORDER BY e.id) FROM events e WHERE e.task_id = t.id AND payload->>'from' IN ('REVIEW', 'REJECTED')) AS moves
     FROM tasks t WHERE id = $1`,
    [id],
  );
  return row;
}

describe('of concurrent verdicts on one round', () => {
  it('an approval and a rejection: one wins, and the other is superseded and changes nothing', async () => {
    const left = {
      APPROVED: { status: 'DONE', cycles: 0, version: 1, comments: 0, moves: ['DONE'] },
      REJECTED: { status: 'ASSIGNED', cycles: 1, version: 2, comments: 1, moves: ['REJECTED', 'ASSIGNED'] },
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      const { id, version } = await aTaskIn(services, 'REVIEW', worker);
      const verdicts = [judge(services, id, 'APPROVED'), judge(other, id, 'REJECTED')];
      const judged = await Promise.all(round % 2 ? verdicts : verdicts.reverse());
      const counting = judged.filter(({ review }) => !review.superseded).map(({ review }) => review.verdict);
      expect(counting).toHaveLength(1);
      const expected = left[counting[0] ?? 'APPROVED'];
      expect(await outcomeOf(id)).toEqual({
        ...expected,
        version: version + expected.version,
        counting: 1,
        superseded: 1,
      });
      await clearTasks(services);
    }
  });

  it('many rejections count as one cycle', async () => {
    for (let round = 0; round < 4; round += 1) {
      const { id } = await aTaskIn(services, 'REVIEW', worker);
      await Promise.all(Array.from({ length: 6 }, (_, i) => judge(i % 2 ? other : services, id, 'REJECTED')));
      expect(await outcomeOf(id)).toMatchObject({
        status: 'ASSIGNED',
        cycles: 1,
        counting: 1,
        superseded: 5,
        comments: 1,
      });
      await clearTasks(services);
    }
  });

  it('one is stored under one idempotency key', async () => {
    for (let round = 0; round < 4; round += 1) {
      const { id } = await aTaskIn(services, 'REVIEW', worker);
      const judged = await Promise.all(
        Array.from({ length: 6 }, (_, i) => judge(i % 2 ? other : services, id, 'APPROVED', `key ${round}`)),
      );
      expect(new Set(judged.map(({ review }) => review.id)).size).toBe(1);
      expect(await outcomeOf(id)).toMatchObject({ status: 'DONE', counting: 1, superseded: 0 });
    }
  });

  it('and a cancellation: the task ends once, without a partial change', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { id } = await aTaskIn(services, 'REVIEW', worker);
      const cancelled = cancelTask(other, other.admin, { task: { id } }).catch((error: unknown) => error);
      const { review } = await judge(services, id, 'APPROVED');
      if (review.superseded) {
        expect(await cancelled).toMatchObject({ status: 'CANCELLED' });
        expect(await outcomeOf(id)).toMatchObject({ status: 'CANCELLED', counting: 0, moves: ['CANCELLED'] });
      } else {
        expect(await cancelled).toBeInstanceOf(Refusal);
        expect(await outcomeOf(id)).toMatchObject({ status: 'DONE', counting: 1, moves: ['DONE'] });
      }
    }
  });
});
