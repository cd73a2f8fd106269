import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInstrument } from '../../../src/kernel/instrument.js';
import { createDatabase, type Database } from '../../../src/postgres/database.js';
import { type ClaimRequest, claimTasks } from '../../../src/store/runs/claim-tasks.js';
import { compareInQueue } from '../../model/queue-order.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres/database.js';

const RULES = { agentTimeoutMs: 600_000, defaultGateway: null, gatewayNames: [] };
const WORDS = ['gpu', 'python', 'web'];
const TAGS = ['blue', 'red'];
const AGENTS = Array.from({ length: 6 }, (_, i) => `agt_${i}`);

/** Can take every task, so an agent gets nothing that it has released. */
const HELPER = 'agt_helper';

const task = fc.record({
  priority: fc.constantFrom('CRITICAL', 'HIGH', 'MEDIUM', 'LOW' as const),
  requires: fc.oneof(fc.constant<string[]>([]), fc.subarray(WORDS)),
  releasedBy: fc.oneof(fc.constant<string[]>([]), fc.subarray(AGENTS)),
  tags: fc.subarray(TAGS),
  assigneeId: fc.option(fc.constantFrom(...AGENTS), { freq: 2 }),
  isLocked: fc.boolean(),
});
const agent = fc.record({
  capabilities: fc.subarray(WORDS),
  acceptsInbox: fc.constantFrom(true, true, true, false),
});
const ask = fc.record({
  agentId: fc.constantFrom(...AGENTS),
  capabilities: fc.option(fc.subarray(WORDS), { freq: 1 }),
  tags: fc.option(fc.subarray(TAGS, { minLength: 1 }), { freq: 1 }),
});
const batch = fc.uniqueArray(ask, { minLength: 1, selector: ({ agentId }) => agentId });

const NO_AGENT: Agent = { capabilities: [], acceptsInbox: false };

type Wish = typeof task extends fc.Arbitrary<infer T> ? T : never;
type Agent = typeof agent extends fc.Arbitrary<infer T> ? T : never;
type Ask = typeof ask extends fc.Arbitrary<infer T> ? T : never;

describe('a batch of claims', () => {
  let test: TestDatabase;
  let database: Database;
  let blocker: pg.Client;
  let made = 0;

  beforeAll(async () => {
    test = await createTestDatabase();
    database = createDatabase({ connectionString: test.url, instrument: createInstrument(), poolSize: 1 });
    blocker = new pg.Client({ connectionString: test.url });
    await blocker.connect();
    await database.pool.query(
      `INSERT INTO agents (id, name, role, max_capacity, capabilities, last_seen_at)
       SELECT id, id, 'agent', 100, $2, now() FROM unnest($1::text[]) id`,
      [[...AGENTS, HELPER], WORDS],
    );
  });
  afterAll(async () => {
    await blocker.end();
    await database.close();
    await test.drop();
  });

  async function prepare(wishes: readonly Wish[], agents: readonly Agent[]): Promise<void> {
    await database.pool.query(
      'DELETE FROM task_runs; DELETE FROM tasks; DELETE FROM event_outbox; DELETE FROM events',
    );
    // JSON, because PostgreSQL has no arrays of arrays of different lengths.
    await database.pool.query(
      `UPDATE agents a SET capabilities = g.capabilities, accepts_inbox = g."acceptsInbox"
       FROM jsonb_to_recordset($1) AS g(id text, capabilities text[], "acceptsInbox" boolean) WHERE a.id = g.id`,
      [JSON.stringify(agents.map((given, i) => ({ id: AGENTS[i], ...given })))],
    );
    await database.pool.query(
      `INSERT INTO tasks (id, title, number, status, priority, requires, released_by, tags, assignee_id, created_at)
       SELECT 'task_' || number - 1, 'x', number, CASE WHEN "assigneeId" IS NULL THEN 'INBOX' ELSE 'ASSIGNED' END::task_status,
         priority, requires, "releasedBy", tags, "assigneeId", 'epoch'
       FROM jsonb_to_recordset($1) AS t(number int, priority task_priority, requires text[], "releasedBy" text[], tags text[],
         "assigneeId" text)`,
      [JSON.stringify(wishes.map((wish, i) => ({ number: i + 1, ...wish })))],
    );
  }

  async function claim(asks: readonly Ask[]): Promise<(string | null)[]> {
    const requests = asks.map(({ agentId, capabilities, tags }): ClaimRequest => {
      made += 1;
      const narrowing =
        capabilities === null && tags === null
          ? null
          : { ...(capabilities && { capabilities }), ...(tags && { tags }) };
      return {
        ...{ agentId, narrowing, runId: `run_${made}`, maxCapacity: null, leaseMs: 600_000 },
        ...{ resume: false, idempotencyKey: null, fingerprint: null },
      };
    });
    const rows = await claimTasks(database.pool, requests, { task: ['id'], run: [] }, RULES);
    return rows.sort((a, b) => a.request - b.request).map((row) => row.task?.id ?? null);
  }

  it('hands out what the same claims get one after the other, also while tasks of each audience are locked', async () => {
    const scene = fc.tuple(
      fc.array(task, { minLength: 1, maxLength: 24 }),
      fc.array(agent, { minLength: AGENTS.length, maxLength: AGENTS.length }),
      fc.array(batch, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
    );
    await fc.assert(
      fc.asyncProperty(scene, async ([wishes, agents, batches, hasLocks]) => {
        await prepare(wishes, agents);
        const waiting = wishes
          .map((wish, i) => ({
            ...wish,
            id: `task_${i}`,
            number: BigInt(i),
            dueAt: null,
            createdAt: new Date(0),
          }))
          .sort(compareInQueue);
        const locked = hasLocks ? waiting.filter(({ isLocked }) => isLocked).map(({ id }) => id) : [];
        await blocker.query('BEGIN');
        await blocker.query('SELECT FROM tasks WHERE id = ANY($1) FOR UPDATE', [locked]);
        const taken = new Set<string>(locked);
        try {
          for (const asks of batches) {
            const expected = asks.map(({ agentId, capabilities, tags }) => {
              const { capabilities: all, acceptsInbox } = agents[AGENTS.indexOf(agentId)] ?? NO_AGENT;
              const able = all.filter((word) => (capabilities ?? WORDS).includes(word));
              const first = waiting.find(
                (each) =>
                  !taken.has(each.id) &&
                  (each.assigneeId === agentId ||
                    (each.assigneeId === null && acceptsInbox && !each.releasedBy.includes(agentId))) &&
                  each.requires.every((word) => able.includes(word)) &&
                  (tags ?? []).every((tag) => each.tags.includes(tag)),
              );
              if (first !== undefined) taken.add(first.id);
              return first?.id ?? null;
            });
            expect(await claim(asks)).toEqual(expected);
          }
        } finally {
          await blocker.query('ROLLBACK');
        }
      }),
      { numRuns: 100 },
    );
  });
});
