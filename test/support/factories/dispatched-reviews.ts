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
import { aReviewDesk, type DeskOptions, type ReviewDesk } from './review-in-waiting.js';
import { createTestServices, openTestServices, type TestServices } from './services.js';

export const APPROVAL = answered('I checked it.\n\nVERDICT: APPROVED');
export const REJECTION = answered('VERDICT: REJECTED\nNOTES: no tests\nno docs');
export const FAILURE: GatewayAnswer = { outcome: 'FAILED', error: 'overloaded', permanent: false };

/** Two processes' services, a worker, and the reviewer `aegis`, which work is sent to. Call it once in a test file. */
export function useReviewBench() {
  let services: TestServices;
  let other: TestServices;
  let worker: AgentRow;
  let aegis: AgentRow;
  let desks: ReviewDesk[] = [];

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
    await Promise.all(desks.map((desk) => desk.stop()));
    desks = [];
  });
  afterAll(async () => {
    await other.close();
    await services.close();
  });

  const configure = (settings: AgentSettings) =>
    updateAgent(services, services.admin, { agent: { id: aegis.id }, ...settings });

  /** A process that sends reviews; rounds rest for an hour after a failure unless `endRests` is called. */
  function aDesk(options: DeskOptions = {}, process = services): ReviewDesk {
    const desk = aReviewDesk(process, options);
    desks.push(desk);
    return desk;
  }

  return {
    services: () => services,
    worker: () => worker,
    aegis: () => aegis,
    configure,
    aDesk,
    /** The same in another process. */
    aDeskElsewhere: (options: DeskOptions = {}) => aDesk(options, other),
    /** A desk whose reviewer answers every call with the next of these, and at last with the last one again and again. */
    aDeskThatAnswers(...answers: [GatewayAnswer, ...GatewayAnswer[]]): ReviewDesk {
      const desk = aDesk();
      const left = [...answers];
      desk.gateway.script = () => left.shift() ?? answers.at(-1) ?? FAILURE;
      return desk;
    },
    /** Ends all rests, takes one turn, and waits for what comes of the calls that it begins. */
    async work(desk: ReviewDesk): Promise<number> {
      await services.sql("UPDATE review_runs SET retry_at = now() - interval '1 ms' WHERE retry_at > now()");
      const { handled } = await desk.takeTurn();
      await desk.settled();
      return handled;
    },
    inReview: () => aTaskIn(services, 'REVIEW', worker),
    judge: (task: TaskRow, verdict: 'APPROVED' | 'REJECTED') =>
      submitVerdict(services, services.admin, { task: { id: task.id }, verdict, feedback: 'by hand' }),
    /** Lets the assignee do the work again. */
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
    /** The status that the log last gave the reviewer. */
    async announced() {
      const [row] = await services.sql('SELECT announced_status FROM agents WHERE id = $1', [aegis.id]);
      return row!.announced_status;
    },
  };
}
