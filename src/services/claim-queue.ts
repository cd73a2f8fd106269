import { newId } from '../kernel/ids.js';
import type { Instrument } from '../kernel/instrument.js';
import { Unavailable } from '../kernel/unavailable.js';
import type { Database } from '../store/database.js';
import type { TaskRunRow } from '../store/runs.js';
import { type ClaimRequest, type ClaimRow, claimTasks } from '../store/sql/claim-tasks.js';
import { readClaimedRows } from '../store/sql/read-claimed-rows.js';
import type { TaskRow } from '../store/tasks.js';

/** What a claim came to. Task and run stand beside ASSIGNED and CONTINUE_CURRENT and nowhere else. */
export interface Claim {
  readonly reason: Exclude<ClaimRow['reason'], 'AGENT_LOCKED'>;
  readonly task: TaskRow | null;
  readonly run: TaskRunRow | null;
}

export interface ClaimQueue {
  claim(request: Omit<ClaimRequest, 'runId'>): Promise<Claim>;
  /** Stops: what is under way is answered, what comes later is refused. */
  close(): Promise<void>;
}

/** Requests that one statement serves at most: more would make the first of them wait for the last. */
const BATCH = 64;

/** How long a request whose agent is locked by another process waits before it is asked again, in milliseconds. */
const LOCKED_RETRY_MS = [2, 5, 10, 20, 50];

interface Waiting {
  readonly request: ClaimRequest;
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
  /** Those whose agent is locked, by the timer after which they are asked again. */
  const postponed = new Map<NodeJS.Timeout, Waiting>();
  const unanswered = new Set<Promise<void>>();
  let running: Promise<void> | null = null;
  let closed = false;

  async function run(): Promise<void> {
    while (waiting.length > 0) await serve(takeBatch(waiting));
    running = null;
  }

  async function serve(batch: Waiting[]): Promise<void> {
    try {
      const rows = await claimTasks(
        database.pool,
        batch.map((each) => each.request),
      );
      if (rows.some((row) => row.reason === 'ASSIGNED')) database.bell.ring();
      // The next batch does not wait until this one's rows are read.
      const answering = answerAll(batch, rows).finally(() => unanswered.delete(answering));
      unanswered.add(answering);
    } catch (error) {
      for (const each of batch) each.reject(error);
    }
  }

  async function answerAll(batch: Waiting[], rows: readonly ClaimRow[]): Promise<void> {
    try {
      const claimed = await readClaimedRows(database.pool, rows);
      for (const row of rows) answer(batch[row.request - 1], row, claimed);
    } catch (error) {
      for (const each of batch) each.reject(error);
    }
  }

  function answer(each: Waiting | undefined, row: ClaimRow, claimed: ClaimedRows): void {
    if (each === undefined) return;
    const { reason } = row;
    if (reason === 'AGENT_LOCKED') {
      retry(each);
    } else {
      const task = row.taskId === null ? undefined : claimed.tasks.get(row.taskId);
      const run = row.runId === null ? undefined : claimed.runs.get(row.runId);
      each.resolve({ reason, task: task ?? null, run: run ?? null });
    }
  }

  function retry(each: Waiting): void {
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
  }

  function enqueue(each: Waiting): void {
    waiting.push(each);
    running ??= run();
  }

  return {
    claim: (request) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(refuseStopping());
        enqueue({ request: { ...request, runId: newId('run') }, resolve, reject, tries: 0 });
      }),
    async close() {
      closed = true;
      for (const [timer, each] of postponed) {
        clearTimeout(timer);
        each.reject(refuseStopping());
      }
      postponed.clear();
      await running;
      await Promise.all(unanswered);
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
  const rest: Waiting[] = [];
  const agents = new Set<string>();
  for (const each of waiting.splice(0)) {
    const { agentId } = each.request;
    const fits = batch.length < BATCH && !agents.has(agentId);
    agents.add(agentId);
    (fits ? batch : rest).push(each);
  }
  waiting.push(...rest);
  return batch;
}

function refuseStopping(): Unavailable {
  return new Unavailable('The server is stopping and hands out no more tasks: ask again soon.');
}

type ClaimedRows = Awaited<ReturnType<typeof readClaimedRows>>;
