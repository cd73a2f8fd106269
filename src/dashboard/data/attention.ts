import { signal } from '@preact/signals';
import {
  AcknowledgeItemDocument,
  AttentionListDocument,
  type AttentionListQuery,
  AttentionSummaryDocument,
} from '../../generated/dashboard/attention.js';
import type { Client } from '../../sdk/index.js';
import { notify } from '../frame/notices.js';
import { messageOf, session } from './session.js';

/** Something that needs a person. */
export type AttentionItem = AttentionListQuery['needsAttention']['nodes'][number];

/** What needs a person, the most severe first, of these the oldest first; null until it has been read. */
export const attention = signal<readonly AttentionItem[] | null>(null);
/** Why it could not be read; empty if it could. */
export const attentionProblem = signal('');
/** How many things need a person. */
export const attentionCount = signal(0);

/** As many as one request may name. */
const PAGE = 100;
/** How many are read; more on demand. */
let wanted = PAGE;

/** Follows the counts, which arrive when they change, and reads the list after each change. Returns the end of it. */
export function startAttention(client: Client): () => void {
  const end = new AbortController();
  void follow(client, end.signal);
  return () => {
    end.abort();
    attention.value = null;
    wanted = PAGE;
    attentionCount.value = 0;
  };
}

async function follow(client: Client, signal: AbortSignal): Promise<void> {
  try {
    for await (const { needsAttention } of client.subscribe(AttentionSummaryDocument, {}, { signal })) {
      attentionCount.value = needsAttention.counts.reduce((sum, { count }) => sum + count, 0);
      await readAttention();
    }
  } catch (error) {
    if (!signal.aborted) attentionProblem.value = messageOf(error);
  }
}

/** Reads the list again. */
export async function readAttention(): Promise<void> {
  try {
    const client = session.value?.client;
    if (!client) return;
    attention.value = await readPages(client);
    attentionProblem.value = '';
  } catch (error) {
    attentionProblem.value = messageOf(error);
  }
}

async function readPages(client: Client): Promise<AttentionItem[]> {
  const items: AttentionItem[] = [];
  for (let after: string | null = null; ; ) {
    const { nodes, pageInfo }: AttentionListQuery['needsAttention'] = (
      await client.request(AttentionListDocument, { first: PAGE, after })
    ).needsAttention;
    items.push(...nodes);
    after = pageInfo.endCursor;
    if (!pageInfo.hasNextPage || items.length >= wanted) return items;
  }
}

/** Reads another page of the list, also after each later change. */
export function readMoreAttention(): Promise<void> {
  wanted += PAGE;
  return readAttention();
}

/** Takes the item off the list for everybody, until it changes. It comes back if the server refuses. */
export async function acknowledge(item: AttentionItem): Promise<void> {
  attention.value = attention.value?.filter(({ id }) => id !== item.id) ?? null;
  try {
    const variables = { id: item.id, since: item.since };
    const answer = await session.value?.client.request(AcknowledgeItemDocument, variables);
    const [refusal] = answer?.acknowledge.errors ?? [];
    if (refusal) notify(refusal.message, 'bad');
  } catch (error) {
    notify(messageOf(error), 'bad');
  }
  await readAttention();
}
