import { createFeed } from '../../src/feed/feed.js';
import { createJobs } from '../../src/scheduler/jobs/create-jobs.js';
import { createScheduler, type Scheduler } from '../../src/scheduler/scheduler.js';
import { createGatewayReachability } from '../../src/services/gateway-reachability.js';
import { createReviewDispatcher } from '../../src/services/review-dispatcher.js';
import { isJobPaused, recordJobTurn } from '../../src/services/scheduler-jobs.js';
import type { ServiceSettings } from '../../src/services/service-context.js';
import { openTestServices, type TestServices } from '../support/services.js';

/** What one server process has of the scheduler: services, jobs in loops, and a feed that wakes them. */
export interface Process {
  readonly services: TestServices;
  readonly scheduler: Scheduler;
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Nothing is started yet. The interval is a day unless given, so what happens soon happens because of a wake or a lease. */
export async function aProcess(
  url: string,
  {
    jobIntervalMs = 86_400_000,
    ...settings
  }: Partial<ServiceSettings> & { readonly jobIntervalMs?: number } = {},
): Promise<Process> {
  const opened = await openTestServices(url, settings);
  const { database, instrument, clock } = opened;
  const reachability = createGatewayReachability(opened);
  const reviewDispatcher = createReviewDispatcher({ context: opened, reachability });
  const scheduler = createScheduler({
    jobs: createJobs({ ...opened, reviewDispatcher }, { jobIntervalMs }),
    instrument,
    clock,
    isPaused: (name) => isJobPaused(opened, name),
    record: (turn) => recordJobTurn(opened, turn),
  });
  reviewDispatcher.onWork(() => scheduler.wake('runAegisReviews'));
  const feed = createFeed({ database, instrument, clock });
  feed.onEntries(scheduler.notice);
  feed.onEntries(reviewDispatcher.notice);
  return {
    services: { ...opened, jobs: scheduler },
    scheduler,
    async start() {
      await feed.start();
      await scheduler.start();
    },
    async close() {
      await scheduler.stop();
      await reviewDispatcher.stop();
      await reachability.stop();
      await feed.stop();
      await opened.close();
    },
  };
}
