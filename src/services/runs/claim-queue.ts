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
import type { Claim, ClaimQueue } from '../service-context.js';

/** Requests that one statement serves at most: more would make the first of them wait for the last. */
const BATCH = 64;

const ALL_COLUMNS: ClaimColumns = { task: '*', run: '*' };

/** How long a request whose agent is locked by another process waits before it is asked again, in milliseconds. */
const LOCKED_RETRY_MS = [2, 5, 10, 20, 50];

interface Waiting {
  readonly request: ClaimRequest;
  readonly columns: ClaimColumns;
  readonly resolve: (claim: Claim) => void;
  readonly reject: (error: unknown) => void;
  tries: number;
}

/**
 * Serves the claims of this process: those that arrive while a statement is under way are answered by the next one
 * together. With 32 agents this more than halves the work per claim, and it costs a lonely claim nothing.
 */
export function createClaimQueue(database: Database, instrument: Instrument): ClaimQueue {
  const waiting: Waiting[] = [];
  const postponement = createPostponement(enqueue, instrument);
  const unanswered = new Set<Promise<void>>();
  /** How many requests each statement under way serves. */
  const asked: number[] = [];
  let closed = false;

  /**
   * Begins a batch if no statement is under way, or if as many wait as the one under way serves: PostgreSQL then goes on
   * without waiting for this process (a seventh more claims, measured in turns on two cores). Smaller batches are dearer
   * than the wait, for each has its price; and two at once, on two connections, were slower than one at a time.
   */
  function begin(): void {
    if (waiting.length === 0 || !database.claimConnection.hasRoom() || waiting.length < (asked[0] ?? 0))
      return;
    const serving = serve(takeBatch(waiting)).finally(() => unanswered.delete(serving));
    unanswered.add(serving);
  }

  async function serve(batch: Waiting[]): Promise<void> {
    try {
      const rows = await ask(batch);
      // The next statement leaves first, so that PostgreSQL works while these answers are written: a fifth more claims.
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
      return await database.claimConnection.run((connection) => claimTasks(connection, requests, columns));
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
      while (unanswered.size > 0) await Promise.all(unanswered);
    },
  };
}

/**
 * Rings, and tells of the events that each new run has brought with it. A claim that was answered before has none; that
 * an agent got busy, the statement keeps to itself.
 */
function noteClaims(
  { bell, instrument }: Database,
  batch: readonly Waiting[],
  rows: readonly ClaimRow[],
): void {
  bell.ring();
  const made = rows.filter(
    ({ reason, request, run }) => reason === 'ASSIGNED' && run?.id === batch[request - 1]?.request.runId,
  );
  const events = made.flatMap(({ task, run }) => [
    { type: 'task.claimed', taskId: task?.id, runId: run?.id },
    { type: 'run.started', taskId: task?.id, runId: run?.id },
  ]);
  if (events.length > 0)
    instrument.emit('trace', 'events.appended', 'Claims have appended events', { events });
}

/** Keeps the requests whose agent is locked by somebody else until they are asked again. */
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
  const message = 'A claim waits for a locked agent: look for a long transaction';
  instrument.emit('warn', 'claim.agent_locked', message, { agentId });
}

/** The first requests in line, one for each agent: the next one of the same agent waits for what this one leaves it. */
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
  return new Unavailable('The server is stopping and hands out no more tasks: ask again soon.');
}
