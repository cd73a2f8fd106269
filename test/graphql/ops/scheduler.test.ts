import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aProcess, type Process } from '../../scheduler/job-process.js';
import { endLease, setLastSeen } from '../../support/factories/aging.js';
import { aClaimedTask, aKeyOf, anAgent } from '../../support/factories/factory.js';
import { type Graph, openGraph } from '../../support/graphql/graph.js';

let graph: Graph;
let owner: Process;
beforeAll(async () => {
  graph = await openGraph();
  owner = await aProcess(graph.services.database.connectionString, { jobIntervalMs: 5_000 });
  // As in a process with MC_SCHEDULER=off: the jobs exist and are not started.
  Object.assign(graph.services, { jobs: owner.scheduler });
});
afterAll(async () => {
  await owner.close();
  await graph.close();
});

const JOB = 'job { name paused everyMs lastRunAt lastDurationMs lastHandled lastError nextRunAt }';
const change = (verb: string, name: string) =>
  graph.get(
    `mutation ($name: String!) { ${verb}(name: $name) { ${JOB} handled errors { code message path } } }`,
    { name },
  );

/** In the order of the list. */
const JOBS = [
  'dispatchAssignedTasks',
  'runAegisReviews',
  'spawnRecurringTasks',
  'requeueStaleTasks',
  'expireQuestions',
  'markAgentsOffline',
  'pruneEvents',
  'pruneIdempotencyKeys',
  'countActivity',
  'checkActivity',
  'indexTexts',
];

describe('the scheduler in the graph', () => {
  it('lists its jobs, including those that have never run', async () => {
    const { schedulerJobs } = await graph.get(
      `{ schedulerJobs { name paused everyMs lastRunAt lastError nextRunAt } }`,
    );
    const fresh = { paused: false, lastRunAt: null, lastError: null, nextRunAt: null };
    const everyMs = (name: string) => (name === 'checkActivity' ? 600_000 : 5_000);
    expect(schedulerJobs).toEqual(JOBS.map((name) => ({ name, everyMs: everyMs(name), ...fresh })));
  });

  it('runs a job now, and answers how much it handled', async () => {
    const agent = await anAgent(graph.services);
    const { task, runId } = await aClaimedTask(graph.services, agent);
    await endLease(graph.services, runId);
    await setLastSeen(graph.services, agent.id);
    const { runSchedulerJob } = await change('runSchedulerJob', 'requeueStaleTasks');
    expect(runSchedulerJob).toMatchObject({
      handled: 1,
      errors: [],
      job: {
        name: 'requeueStaleTasks',
        lastHandled: 1,
        lastRunAt: expect.stringMatching(/Z$/),
        lastDurationMs: expect.any(Number),
      },
    });
    const { task: requeued } = await graph.get(
      `query ($id: ID!) { task(ref: { id: $id }) { status staleRequeues comments { nodes { body author { displayName } } } } }`,
      { id: task.id },
    );
    expect(requeued).toMatchObject({
      status: 'ASSIGNED',
      staleRequeues: 1,
      comments: { nodes: [{ body: expect.stringContaining('Requeue 1 of 5') }] },
    });
  });

  it('pauses and resumes a job, with one event for each change', async () => {
    for (let i = 0; i < 2; i += 1) {
      const { pauseSchedulerJob } = await change('pauseSchedulerJob', 'pruneEvents');
      expect(pauseSchedulerJob).toMatchObject({
        job: { paused: true, nextRunAt: null },
        handled: null,
        errors: [],
      });
    }
    expect((await change('runSchedulerJob', 'pruneEvents')).runSchedulerJob).toMatchObject({
      handled: 0,
      job: { paused: true },
    });
    for (let i = 0; i < 2; i += 1) {
      const { resumeSchedulerJob } = await change('resumeSchedulerJob', 'pruneEvents');
      expect(resumeSchedulerJob).toMatchObject({ job: { paused: false }, handled: null, errors: [] });
    }
    await change('resumeSchedulerJob', 'markAgentsOffline');
    const events = await graph.services.sql(
      `SELECT type, actor_key_id, payload FROM events WHERE type LIKE 'scheduler.%' ORDER BY id`,
    );
    const actor_key_id = graph.services.admin.keyId;
    expect(events).toEqual([
      {
        type: 'scheduler.paused',
        actor_key_id,
        payload: { job: 'pruneEvents', message: 'pruneEvents is paused.' },
      },
      {
        type: 'scheduler.resumed',
        actor_key_id,
        payload: { job: 'pruneEvents', message: 'pruneEvents is resumed.' },
      },
    ]);
  });

  it.each(['runSchedulerJob', 'pauseSchedulerJob', 'resumeSchedulerJob'])(
    'refuses an unknown name in %s, and lists the known names',
    async (verb) => {
      const answer = await change(verb, 'sweepFloors');
      expect(answer[verb]).toEqual({
        job: null,
        handled: null,
        errors: [
          {
            code: 'NOT_FOUND',
            message: `There is no job sweepFloors. The jobs are ${JOBS.join(', ')}.`,
            path: ['name'],
          },
        ],
      });
    },
  );

  it('is allowed to operators, and not to agents', async () => {
    const agent = await aKeyOf(graph.services, await anAgent(graph.services));
    const { errors } = await graph.ask(
      `mutation { runSchedulerJob(name: "pruneEvents") { handled } }`,
      {},
      agent,
    );
    expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  });
});
