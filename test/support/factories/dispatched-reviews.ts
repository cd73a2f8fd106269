import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { GatewayAnswer } from '../../../src/gateway/gateway.js';
import { type AgentSettings, updateAgent } from '../../../src/services/agents/register-agent.js';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { claimNextTask } from '../../../src/services/runs/claim-next-task.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import type { TaskRow } from '../../../src/store/tasks/tasks.js';
import { answered } from '../gateways/scripted-gateway.js';
import { eventsOf } from './aging.js';
import { clearTasks, never } from './claims.js';
import { anAgent, aTaskIn } from './factory.js';
import {
  createTestReviewDispatcher,
  type TestReviewDispatcher,
  type TestReviewDispatcherOptions,
} from './review-dispatcher.js';
import { createTestServices, openTestServices, type TestServices } from './services.js';

export const APPROVAL = answered('I checked it.\n\nVERDICT: APPROVED');
export const REJECTION = answered('VERDICT: REJECTED\nNOTES: no tests\nno docs');
export const FAILURE: GatewayAnswer = { outcome: 'FAILED', error: 'overloaded', permanent: false };

/** Sets up the services of two processes, a worker, and the PUSH reviewer `aegis`. Call it once in a test file. */
export function useDispatchedReviews() {
  let services: TestServices;
  let other: TestServices;
  let worker: AgentRow;
  let aegis: AgentRow;
  let dispatchers: TestReviewDispatcher[] = [];

  beforeAll(async () => {
    services = await createTestServices();
    other = await openTestServices(services.database.connectionString);
    worker = await anAgent(services);
    aegis = await anAgent(services, {
      name: 'aegis',
      role: 'reviewer',
      delivery: 'PUSH',
      soul: 'Be strict.',
    });
  });
  beforeEach(async () => {
    await clearTasks(services);
    await configure({ maxCapacity: 100 });
  });
  afterEach(async () => {
    await Promise.all(dispatchers.map((dispatcher) => dispatcher.stop()));
    dispatchers = [];
  });
  afterAll(async () => {
    await other.close();
    await services.close();
  });

  const configure = (settings: AgentSettings) =>
    updateAgent(services, services.admin, { agent: { id: aegis.id }, ...settings });

  /** Creates a review dispatcher. After a failure a round is retried only when `work` is called. */
  function createDispatcher(
    options: TestReviewDispatcherOptions = {},
    process = services,
  ): TestReviewDispatcher {
    const dispatcher = createTestReviewDispatcher(process, options);
    dispatchers.push(dispatcher);
    return dispatcher;
  }

  return {
    services: () => services,
    worker: () => worker,
    aegis: () => aegis,
    configure,
    createDispatcher,
    /** Creates a review dispatcher in the other process. */
    createDispatcherElsewhere: (options: TestReviewDispatcherOptions = {}) =>
      createDispatcher(options, other),
    /** Creates a dispatcher whose reviewer gives these answers in turn, and then repeats the last one. */
    createDispatcherThatAnswers(...answers: [GatewayAnswer, ...GatewayAnswer[]]): TestReviewDispatcher {
      const dispatcher = createDispatcher();
      const left = [...answers];
      dispatcher.gateway.script = () => left.shift() ?? answers.at(-1) ?? FAILURE;
      return dispatcher;
    },
    /** Ends all backoffs, takes one turn, and waits for the outcome of its calls. */
    async work(dispatcher: TestReviewDispatcher): Promise<number> {
      await services.sql("UPDATE review_runs SET retry_at = now() - interval '1 ms' WHERE retry_at > now()");
      const { handled } = await dispatcher.takeTurn();
      await dispatcher.settled();
      return handled;
    },
    inReview: () => aTaskIn(services, 'REVIEW', worker),
    judge: (task: TaskRow, verdict: 'APPROVED' | 'REJECTED') =>
      submitVerdict(services, services.admin, { task: { id: task.id }, verdict, feedback: 'by hand' }),
    /** Claims and completes the task again as its assignee. */
    async workAgain(task: TaskRow): Promise<void> {
      const { run } = await claimNextTask(services, services.admin, { agent: { id: worker.id } }, never);
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
    /** The last status of the reviewer in the log. */
    async announced() {
      const [row] = await services.sql('SELECT announced_status FROM agents WHERE id = $1', [aegis.id]);
      return row!.announced_status;
    },
  };
}
