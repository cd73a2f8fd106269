import { acknowledge } from '../../services/attention/acknowledge.js';
import type { AttentionRow } from '../../services/attention/read-attention.js';
import { answer, payloadType } from '../base/payloads.js';
import { builder } from '../builder.js';
import { AttentionItemType } from './attention-item.js';

const AttentionPayload = payloadType<AttentionRow>('AttentionPayload', 'The answer of acknowledge.');
builder.objectFields(AttentionPayload, (t) => ({
  item: t.field({
    type: AttentionItemType,
    nullable: true,
    description: 'The acknowledged item; null if the mutation was refused.',
    resolve: ({ result }) => result,
  }),
}));

builder.mutationField('acknowledge', (t) =>
  t.field({
    type: AttentionPayload,
    authScopes: { operator: true },
    description:
      'Takes an item off `needsAttention` until it changes: a task that fails again, or that lacks something else, is listed again.',
    args: {
      id: t.arg.id({ required: true, description: 'The id of the item: att_…' }),
      since: t.arg({
        type: 'DateTime',
        description:
          'The `since` of the item that was shown. With it, an item that has changed meanwhile is refused with SUPERSEDED.',
      }),
    },
    resolve: (_root, { id, since }, { services, viewer }) =>
      answer(acknowledge(services, viewer, { id, since: since ?? null })),
  }),
);
