import type { Viewer } from '../domain/actor.js';
import { QuotaExceeded } from '../domain/refusals.js';
import type { Clock } from '../kernel/clock.js';
import { createTokenBuckets } from '../kernel/token-buckets.js';
import type { Transaction } from '../postgres/transaction.js';
import { countOpenTasksOfCreator } from '../store/tasks/open-tasks.js';

/** What one key or agent may do or hold at a time. */
export interface QuotaSettings {
  readonly tasksPerMinute: number;
  readonly openTasksPerAgent: number;
  readonly waitingClaimsPerKey: number;
}

/** How many tasks a key may still create. */
export interface TaskQuota {
  readonly limit: number;
  readonly left: number;
  /** Seconds until the key may create `limit` tasks again. */
  readonly fullInSeconds: number;
}

/** The quotas that this process counts by itself. Another process on the same database has its own counts. */
export interface Quotas {
  /** Counts new tasks of a key. @throws {QuotaExceeded} if it has created too many within a minute. */
  takeTasks(viewer: Viewer, count: number): void;
  /** Takes the count back, because the tasks were not created. */
  giveBackTasks(viewer: Viewer, count: number): void;
  taskQuota(viewer: Viewer): TaskQuota;
  /**
   * Counts a claim of a key that begins to wait. @throws {QuotaExceeded} if too many of its claims wait.
   * @returns a function that ends the wait.
   */
  beginWait(viewer: Viewer): () => void;
  /**
   * Counts a stream of a key that keeps the ids of the tasks of a filter. @throws {QuotaExceeded} if too many are open.
   * @returns a function that ends it.
   */
  beginWatch(viewer: Viewer): () => void;
}

/**
 * Each keeps up to 20,000 ids, and reads the changed tasks after every change. With as many as there may be streams, one key could fill
 * the memory and the pool for reads.
 */
export const MAX_WATCHES_PER_KEY = 50;

/** How long a client should wait before it sends another claim that waits, in milliseconds. */
const WAIT_RETRY_MS = 1_000;

/** Creates the counts of this process. */
export function createQuotas(settings: QuotaSettings, clock: Clock): Quotas {
  const { tasksPerMinute, waitingClaimsPerKey } = settings;
  const tasks = createTokenBuckets({ perSecond: tasksPerMinute / 60, burst: tasksPerMinute, clock });
  const waits = createCounts(waitingClaimsPerKey, tooManyWaits);
  const watches = createCounts(MAX_WATCHES_PER_KEY, tooManyWatches);
  return {
    takeTasks({ keyId }, count) {
      // A call without tasks passes even if a larger call has left a debt.
      if (count === 0) return;
      const wait = tasks.take(keyId, count);
      if (wait > 0) throw tooManyTasks(tasksPerMinute, wait);
    },
    giveBackTasks: ({ keyId }, count) => tasks.giveBack(keyId, count),
    taskQuota: ({ keyId }) => ({ limit: tasksPerMinute, ...tasks.state(keyId) }),
    beginWait: ({ keyId }) => waits(keyId),
    beginWatch: ({ keyId }) => watches(keyId),
  };
}

/** Counts what is under way for each key, up to a limit. The returned function begins one, and returns the function that ends it. */
function createCounts(
  limit: number,
  refuse: (limit: number) => QuotaExceeded,
): (keyId: string) => () => void {
  const counts = new Map<string, number>();
  return (keyId) => {
    const count = counts.get(keyId) ?? 0;
    if (count >= limit) throw refuse(limit);
    counts.set(keyId, count + 1);
    return () => {
      const left = (counts.get(keyId) ?? 1) - 1;
      if (left > 0) counts.set(keyId, left);
      else counts.delete(keyId);
    };
  };
}

/**
 * Runs work that creates tasks. It calls `take` with their number before it creates them. They count for the quota of the key
 * only if the work succeeds, and once if its transaction is repeated.
 * @throws {QuotaExceeded} from `take`.
 */
export async function withinTaskQuota<Result>(
  { quotas }: { readonly quotas: Quotas },
  viewer: Viewer,
  work: (take: (count: number) => void) => Promise<Result>,
): Promise<Result> {
  let taken = 0;
  const giveBack = () => {
    quotas.giveBackTasks(viewer, taken);
    taken = 0;
  };
  try {
    return await work((count) => {
      giveBack();
      quotas.takeTasks(viewer, count);
      taken = count;
    });
  } catch (error) {
    giveBack();
    throw error;
  }
}

/**
 * Checks at the end of the transaction that the agent of the key has not created too many tasks that are open. The count is
 * locked until the commit, so that transactions of several processes can't exceed the quota together. Keys without an agent
 * have no such quota: their tasks are those of a person or of a program of the operator.
 * @throws {QuotaExceeded} from the transaction.
 */
export function limitOpenTasks(
  { settings }: { readonly settings: { readonly quotas: QuotaSettings } },
  tx: Transaction,
  { agentId }: Pick<Viewer, 'agentId'>,
): void {
  if (agentId === null) return;
  const { openTasksPerAgent: limit } = settings.quotas;
  tx.atEnd(`open tasks of ${agentId}`, async () => {
    if ((await countOpenTasksOfCreator(tx, agentId, limit)) > limit) throw tooManyOpenTasks(limit);
  });
}

function tooManyTasks(limit: number, waitSeconds: number): QuotaExceeded {
  const message = `This API key may create ${limit} tasks a minute: try again in ${waitSeconds} s.`;
  return new QuotaExceeded(message, limit, waitSeconds * 1_000);
}

/** The refusal for an agent that has created too many tasks that are open. */
export function tooManyOpenTasks(limit: number): QuotaExceeded {
  const message = `At most ${limit} tasks that this agent has created may be open: try again when some of them have ended.`;
  return new QuotaExceeded(message, limit, null);
}

function tooManyWaits(limit: number): QuotaExceeded {
  const message = `At most ${limit} claims of this API key may wait at a time: end one, or claim without waitSeconds.`;
  return new QuotaExceeded(message, limit, WAIT_RETRY_MS);
}

function tooManyWatches(limit: number): QuotaExceeded {
  const message = `At most ${limit} streams of tasks of this API key may be open at a time: end one, or follow \`events\`.`;
  return new QuotaExceeded(message, limit, null);
}
