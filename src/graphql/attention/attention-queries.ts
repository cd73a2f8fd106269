import type { AttentionCount } from '../../domain/attention/attention.js';
import {
  type AttentionSummary,
  openNeedsAttention,
  readAttentionSummary,
} from '../../services/attention/read-attention.js';
import { connect, connectionArgs } from '../base/connection.js';
import { builder } from '../builder.js';
import { AttentionConnection, AttentionKindEnum, SeverityEnum } from './attention-item.js';

const AttentionCountType = builder.objectRef<AttentionCount>('AttentionCount').implement({
  description: 'The number of items of one kind and severity.',
  fields: (t) => ({
    kind: t.expose('kind', { type: AttentionKindEnum, description: 'The kind.' }),
    severity: t.expose('severity', { type: SeverityEnum, description: 'The severity.' }),
    count: t.exposeInt('count', {
      description: 'The number of items; at most 10,000 of a kind are counted.',
    }),
    newestSince: t.expose('newestSince', {
      type: 'DateTime',
      description: 'When the newest of them began.',
    }),
  }),
});

/** What `Subscription.needsAttention` delivers. */
export const AttentionSummaryType = builder
  .objectRef<Pick<AttentionSummary, 'counts'>>('AttentionSummary')
  .implement({
    description: 'How much needs attention and is not acknowledged.',
    fields: (t) => ({
      total: t.int({
        description: 'The number of all items.',
        resolve: ({ counts }) => counts.reduce((sum, { count }) => sum + count, 0),
      }),
      counts: t.field({
        type: [AttentionCountType],
        description:
          'The items by kind and severity, the most severe first. Kinds without items are left out.',
        resolve: ({ counts }) => [...counts],
      }),
    }),
  });

/** The price of the list: a stuck task takes a step for each set of requirements that tasks wait with. */
const PRICE = 100;

builder.queryFields((t) => ({
  attentionSummary: t.field({
    type: AttentionSummaryType,
    authScopes: { reader: true },
    description:
      'The counts of `needsAttention`, as `Subscription.needsAttention` delivers them. Not available to keys of agents.',
    complexity: { field: PRICE },
    resolve: (_root, _args, { services }) => readAttentionSummary(services),
  }),
  needsAttention: t.field({
    type: AttentionConnection,
    authScopes: { reader: true },
    description:
      'What a person has to look at: the most severe first, of these the oldest first. Computed from the state, so an item is there exactly as long as its cause. Not available to keys of agents.',
    args: {
      ...connectionArgs,
      kinds: t.arg({
        type: [AttentionKindEnum],
        required: { list: false, items: true },
        description: 'Only items of these kinds; all if unset.',
      }),
      acknowledged: t.arg.boolean({
        defaultValue: false,
        description: 'Whether to list the items that were acknowledged instead of the others.',
      }),
    },
    complexity: ({ first, last }) => ({ field: PRICE, multiplier: first ?? last ?? 20 }),
    resolve: (_root, { kinds, acknowledged, ...page }, { services }) =>
      connect(
        page,
        openNeedsAttention(services, { kinds: kinds ?? null, acknowledged: acknowledged ?? false }),
      ),
  }),
}));
