import type { Config } from './config/config.js';
import { createFeed } from './feed/feed.js';
import { createGateways } from './gateway/create-gateways.js';
import type { ServerFacts } from './graphql/context.js';
import { createPlainEvents } from './graphql/events/plain-events.js';
import { buildSchema } from './graphql/schema.js';
import { type Clock, systemClock, toDate } from './kernel/clock.js';
import { createInstrument, type Instrument } from './kernel/instrument.js';
import { nameOwnProcess } from './kernel/process-identity.js';
import { type Database, isReachable, isUsable, readPoolUse } from './postgres/database.js';
import { isOutage } from './postgres/outage.js';
import { createJobs } from './scheduler/jobs/create-jobs.js';
import { createScheduler, type Scheduler } from './scheduler/scheduler.js';
import type { RequestScope } from './server/request-scope.js';
import { createServer, type ServerAddress } from './server/server.js';
import { createAgentIds } from './services/agents/agent-ids.js';
import { CONCERNS_CALLS, createDispatcher, type Dispatcher } from './services/dispatch/dispatcher.js';
import { createGatewayReachability } from './services/dispatch/gateway-reachability.js';
import { createEventNames } from './services/events/event-names.js';
import { type Authenticator, createAuthenticator } from './services/keys/authenticator.js';
import { createStreamTickets } from './services/keys/stream-tickets.js';
import { isJobPaused, recordJobTurn } from './services/ops/scheduler-jobs.js';
import {
  createReviewDispatcher,
  ENDS_ROUND,
  type ReviewDispatcher,
} from './services/reviews/review-dispatcher.js';
import { createClaimQueue } from './services/runs/claim-queue.js';
import { createClaimWaiters } from './services/runs/claim-waiters.js';
import { MAKES_REVIEWS, MAKES_WORK, wakeClaims } from './services/runs/wake-claims.js';
import type { ServiceContext } from './services/service-context.js';
import { type AdminKey, openDatabase, type Part, prepareAdminKey, readFacts } from './startup.js';
import { readBacklog } from './store/ops/backlog.js';
import { createReadClient } from './store/read-client.js';
import { createLog } from './telemetry/log.js';
import { createMetrics, type Metrics } from './telemetry/metrics.js';
import { startTraces } from './telemetry/start-traces.js';

/** What does not come from the settings. */
export interface Surroundings {
  /** A test may put one in the place of the real one. */
  readonly clock?: Clock;
  /** All that programs of the command gateway see of the environment; nothing unless given. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** What a started server has to tell its owner. */
export interface Started extends AdminKey {
  readonly address: ServerAddress;
  readonly facts: ServerFacts;
}

/** One server process: API, scheduler and event feed over one database. */
export interface App extends AsyncDisposable {
  /** Everything that happens in this process, said once; the log listens already. */
  readonly instrument: Instrument;
  /**
   * Null if it was told to stop meanwhile. @throws Error that tells the operator what to do. Either way, what had begun
   * is stopped again.
   */
  start(): Promise<Started | null>;
  /** Takes no more work, lets calls end for a bounded time, closes streams with a hint to resume. May be called twice. */
  stop(): Promise<void>;
  /** What a stop waits for. */
  stoppingPart(): string | null;
}

/** The only place that wires rooms together. */
export function createApp(config: Config, { clock = systemClock, environment = {} }: Surroundings = {}): App {
  const instrument = createInstrument();
  instrument.listen(createLog({ level: config.logLevel }));
  const metrics = createMetrics(instrument, clock);
  const parts: Part[] = [];
  let starting: Promise<Started> | null = null;
  let stopping: Promise<void> | null = null;
  let stoppingPart: string | null = null;

  async function stop(): Promise<void> {
    stoppingPart = 'the start';
    // A start that is under way ends before its next step: what it has begun by then is all there is to stop.
    await starting?.catch(() => undefined);
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      stoppingPart = part.name;
      await part.stop();
    }
    stoppingPart = null;
  }

  const app: App = {
    instrument,
    async start() {
      try {
        starting = startRooms({
          config,
          instrument,
          metrics,
          clock,
          environment,
          parts,
          isStopping: () => stopping !== null,
          goOn() {
            if (stopping !== null) throw new StoppedMeanwhile();
          },
        });
        return await starting;
      } catch (error) {
        await app.stop();
        if (error instanceof StoppedMeanwhile) return null;
        throw error;
      }
    },
    stop() {
      stopping ??= stop();
      return stopping;
    },
    stoppingPart: () => stoppingPart,
    [Symbol.asyncDispose]: () => app.stop(),
  };
  return app;
}

interface Rooms {
  readonly authenticator: Authenticator;
  readonly dispatcher: Dispatcher;
  readonly services: ServiceContext;
  readonly scheduler: Scheduler;
  readonly reviewDispatcher: ReviewDispatcher;
}

interface Start {
  readonly config: Config;
  readonly instrument: Instrument;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly parts: Part[];
  isStopping(): boolean;
  /** @throws StoppedMeanwhile if there is no sense in the next step of a start. */
  goOn(): void;
}

class StoppedMeanwhile extends Error {}

async function startRooms(start: Start): Promise<Started> {
  const startedAt = toDate(start.clock.now());
  const database = await openDatabase(start);
  const adminKey = await prepareAdminKey(start.config, database);
  const facts = await readFacts(start.config, database, startedAt);
  start.parts.push({ name: 'traces', stop: await startTraces(start.config.traces, facts, start.instrument) });
  start.goOn();
  const address = await startServing(start, await createServices(start, database), facts);
  return { address, facts, ...adminKey };
}

async function createServices(start: Start, database: Database): Promise<Rooms> {
  const { config, instrument, clock, parts, isStopping } = start;
  const gateways = createGateways(config.gateway, {
    environment: start.environment,
    dataDir: config.dataDir,
  });
  parts.push({
    name: 'gateways',
    stop: () => Promise.all([...gateways.values()].map((gateway) => gateway.close())),
  });
  const shared = {
    database,
    instrument,
    clock,
    settings: {
      agentTimeoutMs: config.agentTimeoutMs,
      staleAfterMs: config.staleAfterMs,
      coordinatorAgent: config.coordinatorAgent,
      eventRetentionMs: config.eventRetentionMs,
      models: { ...config.models, default: config.models.default ?? null },
      defaultGateway: config.gateway.default ?? null,
      dispatch: config.dispatch,
    },
    gateways,
    stopping: isStopping,
  };
  const reachability = createGatewayReachability(shared);
  parts.push({ name: 'probes of gateways', stop: () => reachability.stop() });
  const processName = await nameOwnProcess();
  const dispatcher = createDispatcher({ context: shared, reachability, processName });
  const reviewDispatcher = createReviewDispatcher({ context: shared, reachability, processName });
  parts.push({
    name: 'calls to gateways',
    stop: () => Promise.all([dispatcher.stop(), reviewDispatcher.stop()]),
  });
  const scheduler = createScheduler({
    jobs: createJobs({ ...shared, dispatcher, reviewDispatcher }, config.scheduler),
    instrument,
    clock,
    isPaused: (name) => isJobPaused(shared, name),
    isOutage,
    record: (turn) => recordJobTurn(shared, turn),
  });
  reviewDispatcher.onWork(() => scheduler.wake('runAegisReviews'));
  dispatcher.onWork(() => scheduler.wake('dispatchAssignedTasks'));
  const authenticator = createAuthenticator(database, clock, instrument);
  parts.push({ name: 'uses of keys', stop: () => authenticator.close() });
  const services: ServiceContext = {
    ...shared,
    agentIds: createAgentIds(database),
    forgetKey: authenticator.forget,
    claims: createClaimQueue(database, instrument),
    claimWaiters: createClaimWaiters(),
    reviewWaiters: createClaimWaiters(),
    jobs: scheduler,
  };
  return { services, authenticator, scheduler, dispatcher, reviewDispatcher };
}

async function startServing(
  start: Start,
  { services, authenticator, scheduler, dispatcher, reviewDispatcher }: Rooms,
  facts: ServerFacts,
): Promise<ServerAddress> {
  const { config, instrument, metrics, clock, parts } = start;
  const { database } = services;

  const feed = createFeed({ database, instrument, clock });
  feed.onEntries(MAKES_WORK, (entries) => wakeClaims(services.claimWaiters, entries));
  feed.onEntries(MAKES_REVIEWS, () => services.reviewWaiters.wakeAll());
  feed.onEntries(['key.revoked'], authenticator.notice);
  feed.onEntries(CONCERNS_CALLS, dispatcher.notice);
  feed.onEntries(scheduler.wakingTypes, scheduler.notice);
  feed.onEntries(ENDS_ROUND, reviewDispatcher.notice);
  parts.push({ name: 'the event feed', stop: () => feed.stop() });
  await feed.start();
  metrics.watch(
    {
      pool: () => readPoolUse(database),
      isReachable: () => isReachable(database),
      backlog: () => readBacklog(database.pool, feed.position()),
    },
    facts,
  );

  if (config.scheduler.enabled) {
    parts.push({ name: 'jobs', stop: () => scheduler.stop() });
    await scheduler.start();
  }

  const prisma = createReadClient(database);
  const createContext = (scope: RequestScope) => ({
    viewer: scope.viewer,
    requestId: scope.requestId,
    // Made when it is asked for, which hardly any operation does.
    get signal() {
      return scope.signal;
    },
    services,
    prisma,
    feed,
    server: facts,
  });
  const openEvents = createPlainEvents(createEventNames(database));
  const tickets = createStreamTickets(database, clock);
  const server = createServer({
    schema: buildSchema(),
    http: config.http,
    authenticate: authenticator.authenticate,
    createContext,
    events: {
      open: (scope, query) => openEvents(createContext(scope), query),
      issueTicket: tickets.issue,
      redeemTicket: tickets.redeem,
    },
    isReady: () => isUsable(database),
    isOutage,
    metrics: metrics.render,
    instrument,
    clock,
  });
  parts.push({ name: 'requests', stop: () => server.stop() });
  await server.start();
  parts.push({
    // Stopped first: claims that wait would hold the requests up.
    name: 'claims',
    async stop() {
      database.expectStop();
      services.claimWaiters.wakeAll();
      services.reviewWaiters.wakeAll();
      await services.claims.close();
    },
  });
  start.goOn();
  return server.address();
}
