import type { AttentionCount } from '../../domain/attention/attention.js';
import type { ListReader } from '../../domain/list-reader.js';
import { countAttention, findNextAttentionMs } from '../../store/attention/attention-counts.js';
import {
  type AttentionRow,
  findAttentionItem,
  openAttention,
} from '../../store/attention/attention-lists.js';
import type { AttentionFilter } from '../../store/attention/attention-sources.js';
import type { ServiceContext } from '../service-context.js';
import { toWaitingSettings } from '../tasks/read-tasks.js';

export type { AttentionFilter, AttentionRow };

export type AttentionContext = Pick<ServiceContext, 'database' | 'settings' | 'gateways'>;

/** What a person has to look at, the most severe first, of these the oldest first. Nothing is stored: the list is computed from the rows. */
export function openNeedsAttention(
  context: AttentionContext,
  filter: AttentionFilter,
): ListReader<AttentionRow> {
  return openAttention(context.database.readPool, filter, toWaitingSettings(context));
}

/** The item with this id, acknowledged or not; null if nothing about its subject needs attention now. */
export function findItem(context: AttentionContext, id: string): Promise<AttentionRow | null> {
  return findAttentionItem(context.database.pool, id.slice(id.indexOf('_') + 1), toWaitingSettings(context));
}

/** The counts of the items that are not acknowledged, and when they can change by time alone. */
export interface AttentionSummary {
  readonly counts: readonly AttentionCount[];
  /** Milliseconds; null if they can't. Negative for something that is due already and has not happened. */
  readonly nextInMs: number | null;
}

/** Reads the summary. */
export async function readAttentionSummary(context: AttentionContext): Promise<AttentionSummary> {
  const { readPool } = context.database;
  const settings = toWaitingSettings(context);
  // First, so that what becomes due between the two statements is in the counts.
  const nextInMs = await findNextAttentionMs(readPool, settings);
  const counts = await countAttention(readPool, { kinds: null, acknowledged: false }, settings);
  return { counts, nextInMs };
}
