import { computed, signal } from '@preact/signals';
import {
  AcknowledgeItemDocument,
  AttentionListDocument,
  type AttentionListQuery,
  AttentionSummaryDocument,
} from '../../generated/dashboard/attention.js';
import type { Client } from '../../sdk/index.js';
import { notify } from '../frame/notices.js';
import { openQuestions } from './questions.js';
import { messageOf, session } from './session.js';

/** Something that needs a person. */
export type AttentionItem = AttentionListQuery['needsAttention']['nodes'][number];

/** What needs a person, the most urgent and oldest first; null until it has been read. */
export const attention = signal<readonly AttentionItem[] | null>(null);
/** Why it could not be read; empty if it could. */
export const attentionProblem = signal('');
/** How many things other than questions need a person. */
const otherCount = signal(0);
/** How many things need a person. */
export const attentionCount = computed(() => otherCount.value + openQuestions.value.length);

/** As many as one request may name. The rest follows when these are settled. */
const MOST = 100;

/** Follows the counts, which arrive when they change, and reads the list after each change. Returns the end of it. */
export function startAttention(client: Client): () => void {
  const end = new AbortController();
  void follow(client, end.signal);
  return () => {
    end.abort();
    attention.value = null;
    otherCount.value = 0;
  };
}

async function follow(client: Client, signal: AbortSignal): Promise<void> {
  try {
    for await (const { needsAttention } of client.subscribe(AttentionSummaryDocument, {}, { signal })) {
      otherCount.value = needsAttention.counts.reduce(
        (sum, { count, kind }) => sum + (isQuestion(kind) ? 0 : count),
        0,
      );
      await readAttention();
    }
  } catch (error) {
    if (!signal.aborted) attentionProblem.value = messageOf(error);
  }
}

/** Reads the list again. */
export async function readAttention(): Promise<void> {
  try {
    const answer = await session.value?.client.request(AttentionListDocument, { first: MOST });
    if (!answer) return;
    // Questions have a list of their own, with forms for their answers.
    attention.value = answer.needsAttention.nodes.filter(({ kind }) => !isQuestion(kind));
    attentionProblem.value = '';
  } catch (error) {
    attentionProblem.value = messageOf(error);
  }
}

function isQuestion(kind: string): boolean {
  return kind === 'QUESTION';
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
