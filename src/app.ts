import { type Config, toServiceSettings } from './config/config.js';
import { createFeed } from './feed/feed.js';
import { createGateways } from './gateway/create-gateways.js';
import type { ServerFacts } from './graphql/context.js';
import { createPlainEvents } from './graphql/events/plain-events.js';
import { createContexts } from './graphql/operation-contexts.js';
import { buildSchema } from './graphql/schema.js';
import { type Clock, systemClock } from './kernel/clock.js';
import { createInstrument, type Instrument } from './kernel/instrument.js';
import { nameOwnProcess } from './kernel/process-identity.js';
import { type Listeners, listenToFeed } from './listen-to-feed.js';
import { createLazyMcpEndpoint } from './mcp/lazy-endpoint.js';
import { type Database, isUsable } from './postgres/database.js';
import { createJobs } from './scheduler/jobs/create-jobs.js';
import { createScheduler } from './scheduler/scheduler.js';
import { createServer, type ServerAddress } from './server/server.js';
import { createAgentIds } from './services/agents/agent-ids.js';
import { settleDeliveries } from './services/agents/settle-deliveries.js';
import { createBatches } from './services/batches.js';
import { createDispatcher } from './services/dispatch/dispatcher.js';
import { createGatewayReachability } from './services/dispatch/gateway-reachability.js';
import { createEventNames } from './services/events/event-names.js';
import { createAuthenticator } from './services/keys/authenticator.js';
import { createStreamTickets } from './services/keys/stream-tickets.js';
import { isJobPaused, recordJobRun } from './services/ops/scheduler-jobs.js';
import { createQuotas } from './services/quotas.js';
import { createReviewDispatcher } from './services/reviews/review-dispatcher.js';
import { createClaimQueue } from './services/runs/claim-queue.js';
import { createClaimWaiters } from './services/runs/claim-waiters.js';
import type { ServiceContext } from './services/service-context.js';
import { startWebhooks } from './start-webhooks.js';
import {
  type AdminKey,
  createSignIn,
  explainFailedStart,
  findDashboard,
  makeAdminLink,
  openDatabase,
  type Part,
  prepareAdminKey,
  readFacts,
  readingsOf,
} from './startup.js';
import { createReadClient } from './store/read-client.js';
import { createLog } from './telemetry/log.js';
import { createMetrics, type Metrics } from './telemetry/metrics.js';
import { startTraces } from './telemetry/start-traces.js';
import { createWebhookSender } from './webhooks/http-sender.js';

/** What the application needs in addition to its settings. */
export interface AppEnvironment {
  /** Default: the system clock. Tests use others. */
  readonly clock?: Clock;
  /** The environment variables that programs of the command gateway get. Default: none. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** The facts about a started server for its operator. */
export interface Started extends AdminKey {
  readonly address: ServerAddress;
  readonly facts: ServerFacts;
  /** Makes a link that opens the dashboard as the admin, once. Null if there is no dashboard or no usable admin key. */
  makeLink(): Promise<string | null>;
}

/** One server process: API, scheduler and event feed over one database. */
export interface App extends AsyncDisposable {
  /** Receives everything that happens in this process. The log already listens to it. */
  readonly instrument: Instrument;
  /**
   * Starts all parts. Returns null if `stop` was called meanwhile. In that case, and after an error, the started parts are
   * stopped again.
   *
   * @throws Error that tells the operator what to do.
   */
  start(): Promise<Started | null>;
  /** Accepts no more work, waits a limited time for calls, and closes streams with a hint to resume. May be called twice. */
  stop(): Promise<void>;
  /** The name of the part that a stop waits for. */
  stoppingPart(): string | null;
}

/** Creates the application. This is the only file that wires the layers together. */
export function createApp(
  config: Config,
  { clock = systemClock, environment = {} }: AppEnvironment = {},
): App {
  const instrument = createInstrument();
  instrument.listen(createLog({ level: config.logLevel }));
  const metrics = createMetrics(instrument, clock);
  const parts: Part[] = [];
  let starting: Promise<Started> | null = null;
  let stopping: Promise<void> | null = null;
  let stoppingPart: string | null = null;

  async function stop(): Promise<void> {
    stoppingPart = 'the start';
    // A start under way ends before its next step. Then all started parts are known.
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
        starting = startLayers({
          config,
          instrument,
          metrics,
          clock,
          environment,
          url: null,
          parts,
          isStopping: () => stopping !== null,
          throwIfStopping() {
            if (stopping !== null) throw new StoppedMeanwhile();
          },
        });
        return await starting;
      } catch (error) {
        await app.stop();
        if (error instanceof StoppedMeanwhile) return null;
        throw explainFailedStart(error);
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

interface Start {
  readonly config: Config;
  readonly instrument: Instrument;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly parts: Part[];
  /** The address of this server; null before it listens. */
  url: string | null;
  isStopping(): boolean;
  /** Called between the steps of a start. @throws StoppedMeanwhile if the server is stopping. */
  throwIfStopping(): void;
}

class StoppedMeanwhile extends Error {}

async function startLayers(start: Start): Promise<Started> {
  const startedAtMs = start.clock.now();
  const database = await openDatabase(start);
  const adminKey = await prepareAdminKey(start.config, database);
  const sinceMs = start.clock.now() - startedAtMs;
  const facts = await readFacts(start.config, database, { sinceMs, url: () => start.url });
  start.parts.push({ name: 'traces', stop: await startTraces(start.config.traces, facts, start.instrument) });
  start.throwIfStopping();
  const address = await startServing(start, await createServices(start, database), facts);
  return { address, facts, makeLink: () => makeAdminLink(database, facts), ...adminKey };
}

async function createServices(start: Start, database: Database): Promise<Listeners> {
  const { config, instrument, clock, parts, isStopping } = start;
  const gateways = await createGateways(config.gateway, {
    environment: start.environment,
    dataDir: config.dataDir,
    secretFiles: config.secretFiles,
    instrument,
    url: () => start.url,
  });
  parts.push({
    name: 'gateways',
    stop: () => Promise.all([...gateways.values()].map((gateway) => gateway.close())),
  });
  const shared = {
    database,
    instrument,
    clock,
    settings: toServiceSettings(config),
    gateways,
    stopping: isStopping,
  };
  const webhooks = createWebhookSender(config.webhooks);
  parts.push({ name: 'requests to webhooks', stop: () => webhooks.close() });
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
    isOutage: database.outages.note,
    record: (run) => recordJobRun(shared, run),
  });
  reviewDispatcher.onWork(() => scheduler.wake('runAegisReviews'));
  dispatcher.onWork(() => scheduler.wake('dispatchAssignedTasks'));
  const authenticator = createAuthenticator(database, clock, instrument);
  parts.push({ name: 'uses of keys', stop: () => authenticator.close() });
  const services: ServiceContext = {
    ...shared,
    webhooks,
    agentIds: createAgentIds(database),
    quotas: createQuotas(config.quotas, clock),
    forgetKey: authenticator.forget,
    claims: createClaimQueue(shared),
    batches: createBatches(shared),
    claimWaiters: createClaimWaiters(),
    reviewWaiters: createClaimWaiters(),
    jobs: scheduler,
  };
  return { services, authenticator, scheduler, dispatcher, reviewDispatcher };
}

async function startServing(start: Start, layers: Listeners, facts: ServerFacts): Promise<ServerAddress> {
  const { config, instrument, metrics, clock, parts } = start;
  const { services, authenticator, scheduler } = layers;
  const { database } = services;

  const feed = createFeed({ database, instrument, clock });
  listenToFeed(feed, layers);
  parts.push({ name: 'the event feed', stop: () => feed.stop() });
  await feed.start();
  metrics.watch(readingsOf(database, feed.position), facts);

  await settleDeliveries(services);
  if (config.scheduler.enabled) {
    parts.push({ name: 'jobs', stop: () => scheduler.stop() });
    await scheduler.start();
  }

  const prisma = { main: createReadClient(database.pool), reads: createReadClient(database.readPool) };
  const createContext = createContexts({ services, prisma, feed, server: facts });
  const names = createEventNames(database);
  const openEvents = createPlainEvents(names);
  const tickets = createStreamTickets(database);
  const server = createServer({
    schema: buildSchema(),
    http: config.http,
    authenticate: authenticator.authenticate,
    createContext,
    events: {
      open: (scope, query) => openEvents(createContext(scope, 'subscription'), query),
      issueTicket: tickets.issue,
      redeemTicket: tickets.redeem,
    },
    signIn: createSignIn(database),
    dashboard: findDashboard(),
    mcp: createLazyMcpEndpoint,
    taskQuota: services.quotas.taskQuota,
    isReady: () => isUsable(database),
    isOutage: database.outages.note,
    metrics: metrics.render,
    ...{ instrument, clock },
  });
  parts.push({ name: 'requests', stop: () => server.stop() });
  await server.start();
  if (config.scheduler.enabled) parts.push(await startWebhooks({ config, services, feed, names, server }));
  parts.push({
    // Stopped first, because waiting claims would delay the end of the requests.
    name: 'claims',
    async stop() {
      database.expectStop();
      services.claimWaiters.wakeAll();
      services.reviewWaiters.wakeAll();
      await Promise.all([services.claims.close(), services.batches.close()]);
    },
  });
  start.throwIfStopping();
  start.url = server.address().url;
  return server.address();
}
