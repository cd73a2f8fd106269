import { describe, expect, it, vi } from 'vitest';
import type { GatewayAnswer } from '../../../src/gateway/gateway.js';
import { claimNextReview } from '../../../src/services/reviews/claim-next-review.js';
import { ENDS_ROUND } from '../../../src/services/reviews/review-dispatcher.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import type { TaskRow } from '../../../src/store/tasks/tasks.js';
import { clearTasks, never } from '../../support/factories/claims.js';
import { APPROVAL, FAILURE, REJECTION, useReviewBench } from '../../support/factories/dispatched-reviews.js';
import { answered } from '../../support/gateways/scripted-gateway.js';

const bench = useReviewBench();

describe('a reviewer that asks while it is sent reviews', () => {
  it('has no more of them under way than its capacity, over all processes', async () => {
    await bench.configure({ maxCapacity: 2 });
    for (let round = 0; round < 5; round += 1) {
      await clearTasks(bench.services());
      const tasks = [await bench.inReview(), await bench.inReview(), await bench.inReview()];
      const { admin } = bench.services();
      const ask = () => claimNextReview(bench.services(), admin, { agent: { id: bench.aegis().id } }, never);
      const [desk, elsewhere] = [bench.aDesk(), bench.aDeskElsewhere()];
      await Promise.all([ask(), desk.takeTurn(), ask(), elsewhere.takeTurn()]);
      const runs = await Promise.all(tasks.map((task) => bench.runsOf(task)));
      expect(runs.flat().map(({ outcome }) => outcome)).toEqual(['RUNNING', 'RUNNING']);
    }
  });
});

describe('a person who acts in mid-review', () => {
  it.each([
    ['approves', (task: TaskRow) => bench.judge(task, 'APPROVED'), 'DONE'],
    ['rejects', (task: TaskRow) => bench.judge(task, 'REJECTED'), 'ASSIGNED'],
    [
      'cancels',
      (task: TaskRow) => cancelTask(bench.services(), bench.services().admin, { task: { id: task.id } }),
      'CANCELLED',
    ],
  ] as const)('and %s wins: the call is aborted when the log tells', async (_, act, status) => {
    const task = await bench.inReview();
    const desk = bench.aDesk();
    await desk.takeTurn();
    await act(task);
    desk.notice(
      await bench
        .services()
        .sql('SELECT task_id AS "taskId" FROM events WHERE task_id = $1 AND type = ANY($2)', [
          task.id,
          ENDS_ROUND,
        ]),
    );
    expect(desk.gateway.last().signal.aborted).toBe(true);
    await desk.settled();
    expect(await bench.stateOf(task)).toMatchObject({ status, runs: ['CANCELLED'] });
  });

  it.each([
    ['verdict', APPROVAL, 1],
    ['answer without one', answered('hm'), 0],
  ] as const)('keeps the reviewer’s late %s on the run, superseded', async (_, answer, superseded) => {
    const task = await bench.inReview();
    const desk = bench.aDesk();
    await desk.takeTurn();
    await bench.judge(task, 'REJECTED');
    desk.gateway.last().answer(answer);
    await desk.settled();
    expect(await bench.stateOf(task)).toMatchObject({ status: 'ASSIGNED', cycles: 1 });
    const [run] = await bench.runsOf(task);
    expect(run).toMatchObject({
      outcome: 'CANCELLED',
      output: answer.outcome === 'ANSWERED' ? answer.text : '',
    });
    const late = (await bench.reviewsOf(task)).filter((review) => review.superseded);
    expect(late).toHaveLength(superseded);
  });

  it('and the reviewer in the same moment leave one verdict that counts', async () => {
    for (let round = 0; round < 10; round += 1) {
      await clearTasks(bench.services());
      const task = await bench.inReview();
      const desk = bench.aDesk();
      await desk.takeTurn();
      desk.gateway.last().answer(APPROVAL);
      await Promise.all([bench.judge(task, 'REJECTED'), desk.settled()]);
      const reviews = await bench.reviewsOf(task);
      expect(reviews.map(({ superseded }) => superseded).sort()).toEqual([false, true]);
      const counting = reviews.find(({ superseded }) => !superseded);
      expect((await bench.stateOf(task)).status).toBe(counting!.verdict === 'APPROVED' ? 'DONE' : 'ASSIGNED');
      await desk.stop();
    }
  });
});

describe('two processes', () => {
  it('never review one round twice', async () => {
    const tasks: TaskRow[] = [];
    while (tasks.length < 12) tasks.push(await bench.inReview());
    const [here, there] = [bench.aDesk(), bench.aDeskElsewhere()];
    for (const desk of [here, there])
      desk.gateway.script = ({ idempotencyKey }) => (idempotencyKey.endsWith('-1') ? FAILURE : APPROVAL);
    await vi.waitFor(
      async () => {
        await Promise.all([bench.work(here), bench.work(there), bench.work(here), bench.work(there)]);
        for (const task of tasks) expect(await bench.stateOf(task)).toMatchObject({ status: 'DONE' });
      },
      { timeout: 60_000, interval: 1 },
    );
    const keys = [...here.gateway.calls, ...there.gateway.calls].map(({ call }) => call.idempotencyKey);
    expect(keys.sort()).toEqual(tasks.flatMap(({ id }) => [`review-${id}-1-1`, `review-${id}-1-2`]).sort());
  });

  it('hand a review over when the one that asked is gone: the other asks the gateway what came of it', async () => {
    const task = await bench.inReview();
    const [dead, heir] = [bench.aDesk(), bench.aDeskElsewhere()];
    await dead.takeTurn();
    // What the gateway said is written while the call is on, which a turn does not wait for.
    await vi.waitFor(
      async () => expect(await bench.runsOf(task)).toMatchObject([{ gateway_state: { boot: 'scripted' } }]),
      20_000,
    );
    expect(await bench.work(heir)).toBe(0);
    await bench.endLease(task);
    heir.gateway.recovery = () => APPROVAL;
    expect(await bench.work(heir)).toBe(1);
    expect(heir.gateway.recoveries).toMatchObject([
      { state: { boot: 'scripted' }, call: { idempotencyKey: `review-${task.id}-1-1` } },
    ]);
    expect(heir.gateway.calls).toEqual([]);
    expect(await bench.stateOf(task)).toMatchObject({ status: 'DONE', runs: ['SUCCEEDED'] });
  });

  it('count a failure of the reviewer where the gateway can’t tell', async () => {
    const task = await bench.inReview();
    await bench.aDesk().takeTurn();
    await bench.endLease(task);
    const heir = bench.aDeskElsewhere();
    heir.gateway.script = () => APPROVAL;
    await bench.work(heir);
    await bench.work(heir);
    expect(await bench.stateOf(task)).toMatchObject({ status: 'DONE', runs: ['FAILED', 'SUCCEEDED'] });
  });

  it('take the first answer of two where the one that was thought dead comes back', async () => {
    const task = await bench.inReview();
    const [stopped, heir] = [bench.aDesk(), bench.aDeskElsewhere()];
    await stopped.takeTurn();
    await bench.endLease(task);
    let recovered = (_: GatewayAnswer) => {};
    heir.gateway.recovery = () => new Promise((resolve) => (recovered = resolve));
    await heir.takeTurn();
    stopped.gateway.last().answer(FAILURE);
    await stopped.settled();
    expect(await bench.stateOf(task)).toMatchObject({ status: 'REVIEW', runs: ['RUNNING'] });
    recovered(REJECTION);
    await heir.settled();
    expect(await bench.stateOf(task)).toMatchObject({ status: 'ASSIGNED', cycles: 1, runs: ['SUCCEEDED'] });
  });
});

describe('a server that stops in mid-review', () => {
  it('hands the round back, and nothing counts', async () => {
    const task = await bench.inReview();
    const desk = bench.aDesk();
    await desk.takeTurn();
    await desk.stop();
    expect(desk.gateway.last().signal.aborted).toBe(true);
    expect(await bench.stateOf(task)).toMatchObject({ status: 'REVIEW', runs: ['RELEASED'] });
    expect(await bench.countEvents(task, 'review.requeued')).toBe(1);
    const next = bench.aDesk();
    next.gateway.script = () => APPROVAL;
    await bench.work(next);
    expect(await bench.stateOf(task)).toMatchObject({ status: 'DONE' });
  });
});
