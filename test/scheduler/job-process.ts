import { createFeed } from '../../src/feed/feed.js';
import type { Gateway } from '../../src/gateway/gateway.js';
import { createJobs } from '../../src/scheduler/jobs/create-jobs.js';
import { createScheduler, type Scheduler } from '../../src/scheduler/scheduler.js';
import {
  CONCERNS_CALLS,
  createDispatcher,
  type Dispatcher,
  type DispatcherOptions,
} from '../../src/services/dispatch/dispatcher.js';
import { createGatewayReachability } from '../../src/services/dispatch/gateway-reachability.js';
import { isJobPaused, recordJobRun } from '../../src/services/ops/scheduler-jobs.js';
import { createReviewDispatcher, ENDS_ROUND } from '../../src/services/reviews/review-dispatcher.js';
import type { ServiceSettings } from '../../src/services/service-context.js';
import { openTestServices, type TestServices } from '../support/factories/services.js';

/** The parts of a server process that run jobs: services, the scheduler, and a feed that wakes the jobs. */
export interface Process {
  readonly services: TestServices;
  readonly scheduler: Scheduler;
  readonly dispatcher: Dispatcher;
  start(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Not started. The default interval is a day, so a job that runs soon was woken, or a lease or due time made it run.
 */
export async function aProcess(
  url: string,
  {
    jobIntervalMs = 86_400_000,
    gateways,
    dispatching = {},
    ...settings
  }: Partial<ServiceSettings> & {
    readonly jobIntervalMs?: number;
    readonly gateways?: readonly Gateway[];
    readonly dispatching?: Partial<DispatcherOptions>;
  } = {},
): Promise<Process> {
  const bare = await openTestServices(url, settings);
  const named = gateways?.map((gateway) => [gateway.name, gateway] as const);
  const opened = { ...bare, gateways: named === undefined ? bare.gateways : new Map(named) };
  const { database, instrument, clock } = opened;
  const probing = { firstMs: 20, longestMs: 100 };
  const reachability = createGatewayReachability({ database, instrument, probing });
  const dispatcher = createDispatcher({ context: opened, reachability, stopGraceMs: 0, ...dispatching });
  const reviewDispatcher = createReviewDispatcher({ context: opened, reachability, stopGraceMs: 0 });
  const scheduler = createScheduler({
    jobs: createJobs({ ...opened, dispatcher, reviewDispatcher }, { jobIntervalMs }),
    instrument,
    clock,
    isPaused: (name) => isJobPaused(opened, name),
    record: (run) => recordJobRun(opened, run),
  });
  reviewDispatcher.onWork(() => scheduler.wake('runAegisReviews'));
  const feed = createFeed({ database, instrument, clock });
  feed.onEntries(CONCERNS_CALLS, dispatcher.notice);
  feed.onEntries(scheduler.wakingTypes, scheduler.notice);
  feed.onEntries(ENDS_ROUND, reviewDispatcher.notice);
  dispatcher.onWork(() => scheduler.wake('dispatchAssignedTasks'));
  return {
    services: { ...opened, jobs: scheduler },
    scheduler,
    dispatcher,
    async start() {
      await feed.start();
      await scheduler.start();
    },
    async close() {
      await scheduler.stop();
      await reviewDispatcher.stop();
      await dispatcher.stop();
      await reachability.stop();
      await feed.stop();
      await opened.close();
    },
  };
}
