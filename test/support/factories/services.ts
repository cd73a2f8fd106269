import type { Viewer } from '../../../src/domain/actor.js';
import type { Gateway } from '../../../src/gateway/gateway.js';
import { systemClock } from '../../../src/kernel/clock.js';
import { createInstrument, type Signal } from '../../../src/kernel/instrument.js';
import { createDatabase } from '../../../src/postgres/database.js';
import { createAgentIds } from '../../../src/services/agents/agent-ids.js';
import { createBatches } from '../../../src/services/batches.js';
import { ensureAdminKey } from '../../../src/services/keys/api-keys.js';
import { createQuotas } from '../../../src/services/quotas.js';
import { createClaimQueue } from '../../../src/services/runs/claim-queue.js';
import { createClaimWaiters } from '../../../src/services/runs/claim-waiters.js';
import type { ServiceContext, ServiceSettings } from '../../../src/services/service-context.js';
import { createWebhookSender } from '../../../src/webhooks/http-sender.js';
import { createTestDatabase } from '../postgres/database.js';
import { REQUIRE_EVENTS_LAST } from '../postgres/events-last.js';
import { type Row, sqlOf } from '../postgres/sql.js';

export const TEST_SETTINGS: ServiceSettings = {
  agentTimeoutMs: 600_000,
  staleAfterMs: 600_000,
  coordinatorAgent: 'aegis',
  eventRetentionMs: 30 * 86_400_000,
  models: { complex: 'opus', routine: 'haiku', default: null },
  defaultGateway: null,
  configuredGateways: [],
  dispatch: { concurrency: 8, timeoutMs: 60_000, backoffMs: 5_000 },
  quotas: { tasksPerMinute: 1_000_000, openTasksPerAgent: 100_000, waitingClaimsPerKey: 2_000 },
};

/** The services of one process, with direct access to the database and the log. */
export interface TestServices extends ServiceContext {
  /** The viewer of an admin key. */
  readonly admin: Viewer;
  readonly signals: readonly Signal[];
  /** Empty. A test adds the gateways that it needs. */
  readonly gateways: Map<string, Gateway>;
  /** Runs plain SQL. The rows have snake_case names. */
  sql<R extends Row = Row>(text: string, values?: readonly unknown[]): Promise<R[]>;
  close(): Promise<void>;
}

/** Creates services on a new database, which refuses transactions that write after their events. */
export async function createTestServices(settings: Partial<ServiceSettings> = {}): Promise<TestServices> {
  const test = await createTestDatabase();
  const services = await openTestServices(test.url, settings);
  await services.sql(REQUIRE_EVENTS_LAST);
  return {
    ...services,
    async close() {
      await services.close();
      await test.drop();
    },
  };
}

/** Creates services on an existing database, like another process. */
export async function openTestServices(
  connectionString: string,
  settings: Partial<ServiceSettings> = {},
): Promise<TestServices> {
  const instrument = createInstrument();
  const signals: Signal[] = [];
  instrument.listen((signal) => signals.push(signal));
  const database = createDatabase({ connectionString, instrument });
  const gateways = new Map<string, Gateway>();
  const all = { ...TEST_SETTINGS, ...settings };
  const claims = createClaimQueue({ database, instrument, settings: all, gateways });
  const batches = createBatches({ database, instrument, settings: all, gateways });
  const sql = sqlOf(database.pool);
  await ensureAdminKey({ database }, null, { read: async () => null, write: async () => undefined });
  const [key] = await sql<{ id: string }>(
    "SELECT id FROM api_keys WHERE role = 'ADMIN' ORDER BY created_at LIMIT 1",
  );
  return {
    database,
    instrument,
    agentIds: createAgentIds(database),
    quotas: createQuotas(all.quotas, systemClock),
    claims,
    batches,
    sql,
    signals,
    clock: systemClock,
    webhooks: createWebhookSender({ allowPrivate: true }),
    claimWaiters: createClaimWaiters(),
    reviewWaiters: createClaimWaiters(),
    gateways,
    settings: all,
    forgetKey: () => undefined,
    stopping: () => false,
    jobs: { names: [], everyMs: () => 0, nextRunInMs: () => null, runOnce: async () => 0 },
    admin: { keyId: key?.id ?? '', role: 'ADMIN', agentId: null },
    async close() {
      await Promise.all([claims.close(), batches.close()]);
      await database.close();
    },
  };
}
