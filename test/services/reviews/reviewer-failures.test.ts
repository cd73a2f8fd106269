import { describe, expect, it, vi } from 'vitest';
import { inTransaction } from '../../../src/postgres/transaction.js';
import { claimNextReview } from '../../../src/services/reviews/claim-next-review.js';
import { readWaitingOn } from '../../../src/services/tasks/read-tasks.js';
import { lockReviewer } from '../../../src/store/reviews/reviews.js';
import type { TaskRow } from '../../../src/store/tasks/tasks.js';
import { eventsOf } from '../../support/factories/aging.js';
import { neverAborted } from '../../support/factories/claims.js';
import { anAgent } from '../../support/factories/factory.js';
import {
  APPROVAL,
  FAILURE,
  REJECTION,
  useReviewDispatch,
} from '../../support/factories/use-review-dispatch.js';
import { answered, ScriptedGateway } from '../../support/gateways/scripted-gateway.js';

const setup = useReviewDispatch();

const waitingOn = async ({ id }: TaskRow) => {
  const services = setup.services();
  const settings = { ...services.settings, defaultGateway: 'scripted' };
  const gateways = new Map([['scripted', new ScriptedGateway()]]);
  return (await readWaitingOn({ ...services, settings, gateways }, [id])).get(id)?.reasons;
};

describe('a reviewer that fails', () => {
  it.each([
    ['says nothing', answered('  '), 'FAILED'],
    ['gives no verdict', answered('Looks good to me!'), 'FAILED'],
    ['rejects without a reason', answered('VERDICT: REJECTED'), 'FAILED'],
    ['fails', FAILURE, 'FAILED'],
    ['takes too long', { outcome: 'TIMED_OUT', error: 'No answer.' }, 'TIMED_OUT'],
    ['is ended by its gateway', { outcome: 'ABORTED' }, 'FAILED'],
    ['answers text that can’t be stored, without a verdict', answered('\0\ud800'), 'FAILED'],
  ] as const)('and %s does not change the task and is asked again', async (_, answer, outcome) => {
    const task = await setup.inReview();
    const dispatcher = setup.aDispatcherThatAnswers(answer, APPROVAL);
    await setup.dispatchAndSettle(dispatcher);
    expect(await setup.stateOf(task)).toMatchObject({ status: 'REVIEW', cycles: 0, runs: [outcome] });
    expect(await setup.countEvents(task, 'review.failed')).toBe(1);
    await setup.dispatchAndSettle(dispatcher);
    expect(await setup.stateOf(task)).toMatchObject({ status: 'DONE', runs: [outcome, 'SUCCEEDED'] });
    const keys = dispatcher.gateway.calls.map(({ call }) => call.idempotencyKey);
    expect(keys).toEqual([`review-${task.id}-1-1`, `review-${task.id}-1-2`]);
  });

  it('is asked again at once if its backoff ends while the job is at work', async () => {
    const { database, sql } = setup.services();
    const task = await setup.inReview();
    const dispatcher = setup.aDispatcher({ backoffMs: 120_000 });
    dispatcher.gateway.script = () => FAILURE;
    await setup.dispatchAndSettle(dispatcher);
    await sql("UPDATE review_runs SET retry_at = now() + interval '1 s' WHERE task_id = $1", [task.id]);
    const run = await inTransaction(database, async (tx) => {
      await lockReviewer(tx, setup.aegis().id);
      const waiting = dispatcher.runOnce();
      // The job has begun its transaction, whose time is before the end of the backoff, and waits for the lock.
      await vi.waitFor(async () => {
        const [row] = await sql(
          `SELECT count(*)::int AS count FROM pg_locks JOIN pg_database d ON d.oid = database
            WHERE NOT granted AND datname = current_database()`,
        );
        expect(row?.count).toBe(1);
      }, 20_000);
      await vi.waitFor(async () => {
        const [row] = await sql('SELECT retry_at < clock_timestamp() AS is_over FROM review_runs');
        expect(row?.is_over).toBe(true);
      }, 20_000);
      return { waiting };
    });
    expect(await run.waiting).toEqual({ handled: 0, nextInMs: 0 });
  });

  it('is asked again after a backoff that grows, and the run of the job returns its length', async () => {
    const task = await setup.inReview();
    const dispatcher = setup.aDispatcher({ backoffMs: 120_000 });
    dispatcher.gateway.script = () => FAILURE;
    await setup.dispatchAndSettle(dispatcher);
    const { handled, nextInMs } = await dispatcher.runOnce();
    expect(handled).toBe(0);
    expect(nextInMs).toBeGreaterThan(40_000);
    expect(nextInMs).toBeLessThanOrEqual(120_000);
    expect(await waitingOn(task)).toEqual(['BACKOFF', 'REVIEW_PENDING']);
    // Not now(): the column rounds to milliseconds, so it may lie half a millisecond in the future.
    await setup
      .services()
      .sql("UPDATE review_runs SET retry_at = now() - interval '1 ms' WHERE task_id = $1", [task.id]);
    expect(await waitingOn(task)).toEqual(['REVIEW_PENDING']);
    await setup.dispatchAndSettle(dispatcher);
    expect((await dispatcher.runOnce()).nextInMs).toBeGreaterThan(100_000);
  });

  it('because its provider has a limit is asked again after it, by every process, and no failure is counted', async () => {
    const task = await setup.inReview();
    const dispatcher = setup.aDispatcher();
    dispatcher.gateway.script = () => ({ outcome: 'LIMITED', error: '429', retryAfterMs: 60_000 });
    await setup.dispatchAndSettle(dispatcher);
    expect(await setup.stateOf(task)).toMatchObject({ status: 'REVIEW', runs: ['RELEASED'] });
    expect(await setup.countEvents(task, 'review.failed')).toBe(0);
    expect(await waitingOn(task)).toEqual(['RATE_LIMITED', 'REVIEW_PENDING']);
    const other = setup.aDispatcherInOtherProcess();
    other.gateway.script = () => APPROVAL;
    const { handled, nextInMs } = await other.runOnce();
    expect(handled).toBe(0);
    expect(nextInMs).toBeGreaterThan(50_000);
    expect(await setup.dispatchAndSettle(other)).toBe(1);
    expect(await setup.stateOf(task)).toMatchObject({ status: 'DONE', runs: ['RELEASED', 'SUCCEEDED'] });
  });

  it('because its provider has a limit gets no other round either, and what waits for it says so', async () => {
    const dispatcher = setup.aDispatcher();
    dispatcher.gateway.script = () => ({ outcome: 'LIMITED', error: '429', retryAfterMs: 60_000 });
    await setup.inReview();
    await setup.dispatchAndSettle(dispatcher);
    const waiting = await setup.inReview();
    expect((await dispatcher.runOnce()).handled).toBe(0);
    expect(await waitingOn(waiting)).toEqual(['RATE_LIMITED', 'REVIEW_PENDING']);
  });

  it('holds back no round that a reviewer that asks could claim, or holds', async () => {
    const task = await setup.inReview();
    const dispatcher = setup.aDispatcherThatAnswers(FAILURE);
    await setup.dispatchAndSettle(dispatcher);
    expect(await waitingOn(task)).toEqual(['BACKOFF', 'REVIEW_PENDING']);
    const services = setup.services();
    const rita = await anAgent(services, { role: 'reviewer' });
    await services.sql('UPDATE agents SET last_seen_at = now() WHERE id = $1', [rita.id]);
    expect(await waitingOn(task)).toEqual(['REVIEW_PENDING']);
    const agent = { id: rita.id };
    const claimed = await claimNextReview(services, services.admin, { agent }, neverAborted);
    expect(claimed.task?.id).toBe(task.id);
    await services.sql('UPDATE agents SET paused_at = now() WHERE id = $1', [rita.id]);
    expect(await waitingOn(task)).toEqual(['REVIEW_PENDING']);
  });

  it('five times escalates the round once, with a comment, and an operator can submit a verdict', async () => {
    const task = await setup.inReview();
    const next = await setup.inReview();
    const dispatcher = setup.aDispatcher();
    dispatcher.gateway.script = ({ idempotencyKey }) =>
      idempotencyKey.includes(task.id) ? FAILURE : APPROVAL;
    for (let turn = 0; turn < 8; turn += 1) await setup.dispatchAndSettle(dispatcher);
    expect(await setup.stateOf(task)).toMatchObject({ status: 'REVIEW', runs: Array(5).fill('FAILED') });
    expect(await setup.stateOf(next)).toMatchObject({ status: 'DONE' });
    expect(await setup.countEvents(task, 'review.failed')).toBe(5);
    expect(await waitingOn(task)).toEqual(['NO_REVIEWER']);
    const [escalation, ...more] = await eventsOf(setup.services(), task.id, ['review.escalated']);
    expect(more).toEqual([]);
    expect(escalation).toMatchObject({ agent_id: setup.aegis().id });
    expect(escalation!.payload).toEqual({
      round: 1,
      reason:
        'aegis gave no verdict. It failed 5 times, and the last error was: overloaded A person must judge this round with submitVerdict.',
    });
    const comments = await setup.services().sql('SELECT body FROM comments WHERE task_id = $1', [task.id]);
    expect(comments).toHaveLength(1);
    expect((await setup.judge(task, 'APPROVED')).task.status).toBe('DONE');
  });

  it('permanently escalates the round at once, and is in ERROR until it gives a verdict', async () => {
    const task = await setup.inReview();
    const dispatcher = setup.aDispatcherThatAnswers(
      { outcome: 'FAILED', error: 'unknown agent', permanent: true },
      APPROVAL,
    );
    await setup.dispatchAndSettle(dispatcher);
    await setup.dispatchAndSettle(dispatcher);
    expect(await setup.stateOf(task)).toMatchObject({ status: 'REVIEW', runs: ['FAILED'] });
    expect(await setup.countEvents(task, 'review.escalated')).toBe(1);
    expect(await setup.announcedStatus()).toBe('ERROR');
    await setup.inReview();
    await setup.dispatchAndSettle(dispatcher);
    expect(await setup.announcedStatus()).toBe('IDLE');
  });

  it('is asked five more times about an escalated round after its settings change', async () => {
    const task = await setup.inReview();
    const dispatcher = setup.aDispatcherThatAnswers(
      { outcome: 'FAILED', error: 'unknown agent', permanent: true },
      FAILURE,
    );
    await setup.dispatchAndSettle(dispatcher);
    expect(await setup.dispatchAndSettle(dispatcher)).toBe(0);
    await setup.configure({ config: { gatewayAgentId: 'mended' } });
    for (let turn = 0; turn < 8; turn += 1) await setup.dispatchAndSettle(dispatcher);
    expect((await setup.stateOf(task)).runs).toHaveLength(6);
    expect(await setup.countEvents(task, 'review.escalated')).toBe(2);
    await setup.configure({ config: { gatewayAgentId: null } });
  });

  it('begins the next round with no counted failures', async () => {
    const task = await setup.inReview();
    const dispatcher = setup.aDispatcherThatAnswers(
      FAILURE,
      FAILURE,
      FAILURE,
      FAILURE,
      REJECTION,
      FAILURE,
      APPROVAL,
    );
    for (let turn = 0; turn < 5; turn += 1) await setup.dispatchAndSettle(dispatcher);
    await setup.workAgain(task);
    await setup.dispatchAndSettle(dispatcher);
    await setup.dispatchAndSettle(dispatcher);
    expect(await setup.stateOf(task)).toMatchObject({ status: 'DONE' });
    expect(await setup.countEvents(task, 'review.escalated')).toBe(0);
  });

  it('has text that is too long cut and marked', async () => {
    const task = await setup.inReview();
    const text = `${'x'.repeat(150_000)}\n\nVERDICT: REJECTED\n${'y'.repeat(60_000)}`;
    await setup.dispatchAndSettle(setup.aDispatcherThatAnswers(answered(text)));
    const [review] = await setup.reviewsOf(task);
    expect(review!.feedback).toHaveLength(50_000);
    expect(review!.feedback).toMatch(/y\n\n\[truncated: it had 60000 characters\]$/);
    const [run] = await setup.runsOf(task);
    expect(run!.output).toHaveLength(100_000);
  });
});

describe('a gateway that can’t begin a review', () => {
  it('counts no failure, and the round is sent again when the gateway is reachable', async () => {
    const task = await setup.inReview();
    const dispatcher = setup.aDispatcherThatAnswers(
      { outcome: 'NOT_BEGUN', error: 'draining', retryAfterMs: null },
      APPROVAL,
    );
    dispatcher.gateway.reach = { reachable: false, error: 'draining' };
    await setup.dispatchAndSettle(dispatcher);
    for (let turn = 0; turn < 3; turn += 1) expect(await setup.dispatchAndSettle(dispatcher)).toBe(0);
    expect(await setup.stateOf(task)).toMatchObject({ status: 'REVIEW', runs: ['RELEASED'] });
    expect(await setup.countEvents(task, 'review.failed')).toBe(0);
    await vi.waitFor(async () => {
      expect(await waitingOn(task)).toEqual(['GATEWAY_UNREACHABLE', 'REVIEW_PENDING']);
    }, 20_000);
    const returned = new Promise((resolve) => dispatcher.reachability.onReturn(resolve));
    dispatcher.gateway.reach = { reachable: true, error: null };
    await returned;
    await setup.dispatchAndSettle(dispatcher);
    expect(await setup.stateOf(task)).toMatchObject({ status: 'DONE', runs: ['RELEASED', 'SUCCEEDED'] });
  });
});
