import { afterEach, beforeEach } from 'vitest';
import type { GatewayAnswer } from '../../../src/gateway/gateway.js';
import { type AgentSettings, updateAgent } from '../../../src/services/agents/register-agent.js';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { claimNextTask } from '../../../src/services/runs/claim-next-task.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import type { TaskRow } from '../../../src/store/tasks/tasks.js';
import { answered } from '../gateways/scripted-gateway.js';
import { eventsOf } from './aging.js';
import { neverAborted } from './claims.js';
import { anAgent, aTaskIn } from './factory.js';
import {
  aReviewDispatcher,
  type ReviewDispatcherOptions,
  type TestReviewDispatcher,
} from './review-dispatcher.js';
import type { TestServices } from './services.js';
import { useTwoProcesses } from './use-services.js';

export const APPROVAL = answered('I checked it.\n\nVERDICT: APPROVED');
export const REJECTION = answered('VERDICT: REJECTED\nNOTES: no tests\nno docs');
export const FAILURE: GatewayAnswer = { outcome: 'FAILED', error: 'overloaded', permanent: false };

/**
 * Sets up two processes on one database, a worker, and the reviewer `aegis` with PUSH delivery. Call it once in a test
 * file.
 */
export function useReviewDispatch() {
  let services: TestServices;
  let other: TestServices;
  let worker: AgentRow;
  let aegis: AgentRow;
  let dispatchers: TestReviewDispatcher[] = [];

  useTwoProcesses(async (two) => {
    ({ services, other } = two);
    worker = await anAgent(services);
    aegis = await anAgent(services, {
      name: 'aegis',
      role: 'reviewer',
      delivery: 'PUSH',
      soul: 'Be strict.',
    });
  });
  beforeEach(() => configure({ maxCapacity: 100 }));
  afterEach(async () => {
    await Promise.all(dispatchers.map((dispatcher) => dispatcher.stop()));
    dispatchers = [];
  });

  const configure = (settings: AgentSettings) =>
    updateAgent(services, services.admin, { agent: { id: aegis.id }, ...settings });

  /** A dispatcher of one process. After a failure a round waits for an hour, unless `dispatchAndSettle` ends the backoff. */
  function aDispatcher(options: ReviewDispatcherOptions = {}, process = services): TestReviewDispatcher {
    const dispatcher = aReviewDispatcher(process, options);
    dispatchers.push(dispatcher);
    return dispatcher;
  }

  return {
    services: () => services,
    worker: () => worker,
    aegis: () => aegis,
    configure,
    aDispatcher,
    /** The same in the second process. */
    aDispatcherInOtherProcess: (options: ReviewDispatcherOptions = {}) => aDispatcher(options, other),
    /** A dispatcher whose reviewer gives these answers in turn, and then repeats the last one. */
    aDispatcherThatAnswers(...answers: [GatewayAnswer, ...GatewayAnswer[]]): TestReviewDispatcher {
      const dispatcher = aDispatcher();
      const left = [...answers];
      dispatcher.gateway.script = () => left.shift() ?? answers.at(-1) ?? FAILURE;
      return dispatcher;
    },
    /** Ends every backoff, takes one turn, and waits until its calls are settled. Returns how many reviews it dispatched. */
    async dispatchAndSettle(dispatcher: TestReviewDispatcher): Promise<number> {
      await services.sql("UPDATE review_runs SET retry_at = now() - interval '1 ms' WHERE retry_at > now()");
      const { handled } = await dispatcher.runOnce();
      await dispatcher.settled();
      return handled;
    },
    inReview: () => aTaskIn(services, 'REVIEW', worker),
    judge: (task: TaskRow, verdict: 'APPROVED' | 'REJECTED') =>
      submitVerdict(services, services.admin, { task: { id: task.id }, verdict, feedback: 'by hand' }),
    /** Lets the assignee claim and complete the task again. */
    async workAgain(task: TaskRow): Promise<void> {
      const { run } = await claimNextTask(
        services,
        services.admin,
        { agent: { id: worker.id } },
        neverAborted,
      );
      await completeTask(services, services.admin, { runId: run!.id, resolution: `again ${task.title}` });
    },
    async stateOf({ id }: TaskRow) {
      const [row] = await services.sql(
        `SELECT status, review_cycles AS cycles, failure_reason AS reason, failure_detail AS detail,
          (SELECT array_agg(outcome::text ORDER BY started_at, idempotency_key) FROM review_runs r WHERE r.task_id = t.id) AS runs
         FROM tasks t WHERE id = $1`,
        [id],
      );
      return row!;
    },
    reviewsOf: ({ id }: TaskRow) =>
      services.sql(
        'SELECT round, verdict, feedback, superseded, reviewer_agent_id AS reviewer FROM quality_reviews WHERE task_id = $1 ORDER BY created_at, id',
        [id],
      ),
    runsOf: ({ id }: TaskRow) =>
      services.sql('SELECT * FROM review_runs WHERE task_id = $1 ORDER BY started_at, idempotency_key', [id]),
    countEvents: async ({ id }: TaskRow, type: string) => (await eventsOf(services, id, [type])).length,
    endLease: ({ id }: TaskRow) =>
      services.sql(
        "UPDATE review_runs SET lease_expires_at = now() - interval '1 ms' WHERE outcome = 'RUNNING' AND task_id = $1",
        [id],
      ),
    /** The status of the reviewer that was announced last. */
    async announcedStatus() {
      const [row] = await services.sql('SELECT announced_status FROM agents WHERE id = $1', [aegis.id]);
      return row!.announced_status;
    },
  };
}
