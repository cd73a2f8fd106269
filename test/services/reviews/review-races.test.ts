import { describe, expect, it, vi } from 'vitest';
import type { GatewayAnswer } from '../../../src/gateway/gateway.js';
import { claimNextReview } from '../../../src/services/reviews/claim-next-review.js';
import { ENDS_ROUND } from '../../../src/services/reviews/review-dispatcher.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import type { TaskRow } from '../../../src/store/tasks/tasks.js';
import { clearTasks, neverAborted } from '../../support/factories/claims.js';
import {
  APPROVAL,
  FAILURE,
  REJECTION,
  useReviewDispatch,
} from '../../support/factories/use-review-dispatch.js';
import { answered } from '../../support/gateways/scripted-gateway.js';

const setup = useReviewDispatch();

describe('a reviewer that claims while reviews are dispatched to it', () => {
  it('has no more open reviews than its capacity, over all processes', async () => {
    await setup.configure({ maxCapacity: 2 });
    for (let round = 0; round < 5; round += 1) {
      await clearTasks(setup.services());
      const tasks = [await setup.inReview(), await setup.inReview(), await setup.inReview()];
      const { admin } = setup.services();
      const ask = () =>
        claimNextReview(setup.services(), admin, { agent: { id: setup.aegis().id } }, neverAborted);
      const [dispatcher, other] = [setup.aDispatcher(), setup.aDispatcherInOtherProcess()];
      await Promise.all([ask(), dispatcher.runOnce(), ask(), other.runOnce()]);
      const runs = await Promise.all(tasks.map((task) => setup.runsOf(task)));
      expect(runs.flat().map(({ outcome }) => outcome)).toEqual(['RUNNING', 'RUNNING']);
    }
  });
});

describe('an operator who acts during a review', () => {
  it.each([
    ['approves', (task: TaskRow) => setup.judge(task, 'APPROVED'), 'DONE'],
    ['rejects', (task: TaskRow) => setup.judge(task, 'REJECTED'), 'ASSIGNED'],
    [
      'cancels',
      (task: TaskRow) => cancelTask(setup.services(), setup.services().admin, { task: { id: task.id } }),
      'CANCELLED',
    ],
  ] as const)('and %s wins: the call is aborted by the event', async (_, act, status) => {
    const task = await setup.inReview();
    const dispatcher = setup.aDispatcher();
    await dispatcher.runOnce();
    await act(task);
    const ended = await setup
      .services()
      .sql<{ type: string; taskId: string; payload: unknown }>(
        'SELECT type, task_id AS "taskId", payload FROM events WHERE task_id = $1 AND type = ANY($2)',
        [task.id, ENDS_ROUND],
      );
    dispatcher.notice(ended);
    expect(dispatcher.gateway.last().signal.aborted).toBe(true);
    await dispatcher.settled();
    expect(await setup.stateOf(task)).toMatchObject({ status, runs: ['CANCELLED'] });
  });

  it.each([
    ['verdict', APPROVAL, 1],
    ['answer without a verdict', answered('hm'), 0],
  ] as const)('keeps the late %s of the reviewer on the run, superseded', async (_, answer, superseded) => {
    const task = await setup.inReview();
    const dispatcher = setup.aDispatcher();
    await dispatcher.runOnce();
    await setup.judge(task, 'REJECTED');
    dispatcher.gateway.last().answer(answer);
    await dispatcher.settled();
    expect(await setup.stateOf(task)).toMatchObject({ status: 'ASSIGNED', cycles: 1 });
    const [run] = await setup.runsOf(task);
    expect(run).toMatchObject({
      outcome: 'CANCELLED',
      output: answer.outcome === 'ANSWERED' ? answer.text : '',
    });
    const late = (await setup.reviewsOf(task)).filter((review) => review.superseded);
    expect(late).toHaveLength(superseded);
  });

  it('and a concurrent reviewer leave one verdict that counts', async () => {
    for (let round = 0; round < 10; round += 1) {
      await clearTasks(setup.services());
      const task = await setup.inReview();
      const dispatcher = setup.aDispatcher();
      await dispatcher.runOnce();
      dispatcher.gateway.last().answer(APPROVAL);
      await Promise.all([setup.judge(task, 'REJECTED'), dispatcher.settled()]);
      const reviews = await setup.reviewsOf(task);
      expect(reviews.map(({ superseded }) => superseded).sort()).toEqual([false, true]);
      const counting = reviews.find(({ superseded }) => !superseded);
      expect((await setup.stateOf(task)).status).toBe(counting!.verdict === 'APPROVED' ? 'DONE' : 'ASSIGNED');
      await dispatcher.stop();
    }
  });
});

describe('two processes', () => {
  it('never dispatch one round twice', async () => {
    const tasks: TaskRow[] = [];
    while (tasks.length < 12) tasks.push(await setup.inReview());
    const [here, there] = [setup.aDispatcher(), setup.aDispatcherInOtherProcess()];
    for (const dispatcher of [here, there])
      dispatcher.gateway.script = ({ idempotencyKey }) =>
        idempotencyKey.endsWith('-1') ? FAILURE : APPROVAL;
    await vi.waitFor(
      async () => {
        await Promise.all([
          setup.dispatchAndSettle(here),
          setup.dispatchAndSettle(there),
          setup.dispatchAndSettle(here),
          setup.dispatchAndSettle(there),
        ]);
        for (const task of tasks) expect(await setup.stateOf(task)).toMatchObject({ status: 'DONE' });
      },
      { timeout: 60_000, interval: 1 },
    );
    const keys = [...here.gateway.calls, ...there.gateway.calls].map(({ call }) => call.idempotencyKey);
    expect(keys.sort()).toEqual(tasks.flatMap(({ id }) => [`review-${id}-1-1`, `review-${id}-1-2`]).sort());
  });

  it('take over a review whose process has died: the other asks the gateway for the outcome of the call', async () => {
    const task = await setup.inReview();
    const [dead, other] = [setup.aDispatcher(), setup.aDispatcherInOtherProcess()];
    await dead.runOnce();
    // The state from the gateway is written during the call, and a run of the job does not wait for it.
    await vi.waitFor(
      async () => expect(await setup.runsOf(task)).toMatchObject([{ gateway_state: { boot: 'scripted' } }]),
      20_000,
    );
    expect(await setup.dispatchAndSettle(other)).toBe(0);
    await setup.endLease(task);
    other.gateway.recovery = () => APPROVAL;
    expect(await setup.dispatchAndSettle(other)).toBe(1);
    expect(other.gateway.recoveries).toMatchObject([
      { state: { boot: 'scripted' }, call: { idempotencyKey: `review-${task.id}-1-1` } },
    ]);
    expect(other.gateway.calls).toEqual([]);
    expect(await setup.stateOf(task)).toMatchObject({ status: 'DONE', runs: ['SUCCEEDED'] });
  });

  it('count a failure of the reviewer if the gateway does not know the outcome', async () => {
    const task = await setup.inReview();
    await setup.aDispatcher().runOnce();
    await setup.endLease(task);
    const other = setup.aDispatcherInOtherProcess();
    other.gateway.script = () => APPROVAL;
    await setup.dispatchAndSettle(other);
    await setup.dispatchAndSettle(other);
    expect(await setup.stateOf(task)).toMatchObject({ status: 'DONE', runs: ['FAILED', 'SUCCEEDED'] });
  });

  it('take the first of two answers if the process with the ended lease answers as well', async () => {
    const task = await setup.inReview();
    const [stopped, other] = [setup.aDispatcher(), setup.aDispatcherInOtherProcess()];
    await stopped.runOnce();
    await setup.endLease(task);
    let recovered = (_: GatewayAnswer) => {};
    other.gateway.recovery = () => new Promise((resolve) => (recovered = resolve));
    await other.runOnce();
    stopped.gateway.last().answer(FAILURE);
    await stopped.settled();
    expect(await setup.stateOf(task)).toMatchObject({ status: 'REVIEW', runs: ['RUNNING'] });
    recovered(REJECTION);
    await other.settled();
    expect(await setup.stateOf(task)).toMatchObject({ status: 'ASSIGNED', cycles: 1, runs: ['SUCCEEDED'] });
  });
});

describe('a server that stops during a review', () => {
  it('releases the round without a counted failure', async () => {
    const task = await setup.inReview();
    const dispatcher = setup.aDispatcher();
    await dispatcher.runOnce();
    await dispatcher.stop();
    expect(dispatcher.gateway.last().signal.aborted).toBe(true);
    expect(await setup.stateOf(task)).toMatchObject({ status: 'REVIEW', runs: ['RELEASED'] });
    expect(await setup.countEvents(task, 'review.requeued')).toBe(1);
    const next = setup.aDispatcher();
    next.gateway.script = () => APPROVAL;
    await setup.dispatchAndSettle(next);
    expect(await setup.stateOf(task)).toMatchObject({ status: 'DONE' });
  });
});
