import { backoffMs } from '../../kernel/backoff.js';
import { toDate } from '../../kernel/clock.js';
import { randomFraction } from '../../kernel/ids.js';
import type { Transaction } from '../../postgres/transaction.js';
import { readNow } from '../../store/ops/database-clock.js';
import type { ServiceContext } from '../service-context.js';

/** The longest wait after a failed attempt, in milliseconds. */
const MAX_BACKOFF_MS = 300_000;

/** How long a task rests after this many failed attempts, in milliseconds. */
export function restAfter({ settings }: Pick<ServiceContext, 'settings'>, attempts: number): number {
  const baseMs = settings.dispatch.backoffMs;
  return backoffMs({ attempt: attempts, baseMs, maxMs: MAX_BACKOFF_MS, random: randomFraction() });
}

/** How long a task rests after this many failed attempts, and until when by the database's clock. */
export async function backOff(
  context: Pick<ServiceContext, 'settings'>,
  tx: Transaction,
  attempts: number,
): Promise<{ readonly waitMs: number; readonly backoffUntil: Date | null }> {
  const waitMs = restAfter(context, attempts);
  if (waitMs === 0) return { waitMs, backoffUntil: null };
  return { waitMs, backoffUntil: await inMs(tx, waitMs) };
}

/** A time in the future by the database clock. */
export async function inMs(tx: Transaction, ms: number): Promise<Date> {
  return toDate((await readNow(tx.executor)).getTime() + ms);
}
