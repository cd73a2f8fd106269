import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { newId } from '../../kernel/ids.js';
import type { Instrument } from '../../kernel/instrument.js';
import { Unavailable } from '../../kernel/unavailable.js';
import type { Database } from '../../postgres/database.js';
import { columnsForAll } from '../../store/lists/row-shape.js';
import {
  type ClaimColumns,
  type ClaimRequest,
  type ClaimRow,
  claimTasks,
} from '../../store/runs/claim-tasks.js';
import { toPresenceRules } from '../presence-rules.js';
import type { Claim, ClaimQueue, ServiceContext } from '../service-context.js';

/** The maximum number of requests per statement. With more, the first request would wait too long for the last. */
const BATCH = 64;

const ALL_COLUMNS: ClaimColumns = { task: '*', run: '*' };

/** The waits before the retries of a request whose agent is locked by another transaction, in milliseconds. */
const LOCKED_RETRY_MS = [2, 5, 10, 20, 50];

export type ClaimQueueContext = Pick<ServiceContext, 'database' | 'instrument' | 'settings' | 'gateways'>;

interface Waiting {
  readonly request: ClaimRequest;
  readonly columns: ClaimColumns;
  readonly resolve: (claim: Claim) => void;
  readonly reject: (error: unknown) => void;
  tries: number;
}

/**
 * Batches the claims of this process: all that arrive during a statement are served together by the next one. With 32
 * agents this more than halves the work per claim; a single claim is not delayed.
 */
export function createClaimQueue(context: ClaimQueueContext): ClaimQueue {
  const { database, instrument } = context;
  const waiting: Waiting[] = [];
  const postponement = createPostponement(enqueue, instrument);
  const pending = new Set<Promise<void>>();
  /** The number of requests of each running statement. */
  const asked: number[] = [];
  let closed = false;

  /**
   * Starts a batch if no statement is running, or if as many requests wait as the running statement serves. Then PostgreSQL
   * continues without waiting for this process (a seventh more claims, measured alternately on two cores). Smaller batches
   * cost more than the wait, because each has a fixed cost. Two batches on two connections were slower than one.
   */
  function begin(): void {
    if (waiting.length === 0 || !database.claimConnection.hasRoom() || waiting.length < (asked[0] ?? 0))
      return;
    const serving = serve(takeBatch(waiting)).finally(() => pending.delete(serving));
    pending.add(serving);
  }

  async function serve(batch: Waiting[]): Promise<void> {
    try {
      const rows = await ask(batch);
      // The next statement is sent first, so that PostgreSQL works while these answers are written. This gives a fifth more claims.
      await turnOfTheLoop();
      if (rows.some((row) => row.reason === 'ASSIGNED')) noteClaims(database, batch, rows);
      for (const row of rows) answer(batch[row.request - 1], row);
    } catch (error) {
      for (const each of batch) each.reject(error);
    }
  }

  async function ask(batch: readonly Waiting[]): Promise<ClaimRow[]> {
    asked.push(batch.length);
    const requests = batch.map((each) => each.request);
    try {
      const columns = columnsFor(batch);
      const rules = toPresenceRules(context);
      return await database.claimConnection.run((connection) =>
        claimTasks(connection, requests, columns, rules),
      );
    } finally {
      asked.shift();
      begin();
    }
  }

  function answer(each: Waiting | undefined, { reason, task, run }: ClaimRow): void {
    if (each === undefined) return;
    if (reason === 'AGENT_LOCKED') postponement.postpone(each);
    else each.resolve({ reason, task, run });
  }

  function enqueue(each: Waiting): void {
    waiting.push(each);
    begin();
  }

  return {
    claim: (request, columns = ALL_COLUMNS) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(refuseStopping());
        enqueue({ request: { ...request, runId: newId('run') }, columns, resolve, reject, tries: 0 });
      }),
    async close() {
      closed = true;
      postponement.close();
      while (pending.size > 0) await Promise.all(pending);
    },
  };
}

/**
 * Rings the bell and reports the events of each new run. A replayed claim (same idempotency key) appended none. The
 * agent.status_changed events that claim_tasks writes are not reported.
 */
function noteClaims(
  { bell, instrument }: Database,
  batch: readonly Waiting[],
  rows: readonly ClaimRow[],
): void {
  bell.ring();
  const fresh = rows.filter(
    ({ reason, request, run }) => reason === 'ASSIGNED' && run?.id === batch[request - 1]?.request.runId,
  );
  const events = fresh.flatMap(({ task, run }) => [
    { type: 'task.claimed', taskId: task?.id, runId: run?.id },
    { type: 'run.started', taskId: task?.id, runId: run?.id },
  ]);
  if (events.length > 0) instrument.emit('trace', 'events.appended', 'Claims appended events', { events });
}

/** Holds the requests whose agent is locked by another transaction until their retry. */
function createPostponement(enqueue: (each: Waiting) => void, instrument: Instrument) {
  const postponed = new Map<NodeJS.Timeout, Waiting>();
  let closed = false;
  return {
    postpone(each: Waiting): void {
      if (closed) {
        each.reject(refuseStopping());
        return;
      }
      const delay = LOCKED_RETRY_MS[Math.min(each.tries, LOCKED_RETRY_MS.length - 1)];
      each.tries += 1;
      if (each.tries === 100) warnOfLock(instrument, each.request.agentId);
      const timer = setTimeout(() => {
        postponed.delete(timer);
        enqueue(each);
      }, delay);
      postponed.set(timer, each);
    },
    close(): void {
      closed = true;
      for (const [timer, each] of postponed) {
        clearTimeout(timer);
        each.reject(refuseStopping());
      }
      postponed.clear();
    },
  };
}

function warnOfLock(instrument: Instrument, agentId: string): void {
  const message = 'A claim waits for the row lock of an agent: look for a long transaction';
  instrument.emit('warn', 'claim.agent_locked', message, { agentId });
}

/** Takes the first requests, one per agent. The next request of the same agent must see the result of this one. */
function takeBatch(waiting: Waiting[]): Waiting[] {
  const batch: Waiting[] = [];
  const asking = new Set<string>();
  const rest: Waiting[] = [];
  for (const each of waiting.splice(0)) {
    const { agentId } = each.request;
    const fits = batch.length < BATCH && !asking.has(agentId);
    if (fits) asking.add(agentId);
    (fits ? batch : rest).push(each);
  }
  waiting.push(...rest);
  return batch;
}

function columnsFor(batch: readonly Waiting[]): ClaimColumns {
  return {
    task: columnsForAll(batch.map(({ columns }) => columns.task)),
    run: columnsForAll(batch.map(({ columns }) => columns.run)),
  };
}

function refuseStopping(): Unavailable {
  return new Unavailable('The server is stopping and hands out no more tasks: retry soon.');
}
