import { toActor, type Viewer } from '../../domain/actor.js';
import { Refusal } from '../../domain/refusals.js';
import { isId } from '../../kernel/ids.js';
import { inTransaction } from '../../postgres/transaction.js';
import { acknowledgeItem } from '../../store/attention/acknowledgements.js';
import { findAttentionItem } from '../../store/attention/attention-lists.js';
import { toShown } from '../refs.js';
import { toWaitingSettings } from '../tasks/read-tasks.js';
import type { AttentionContext, AttentionRow } from './read-attention.js';

/**
 * Takes an item off the list until it changes. Acknowledging it again does nothing.
 *
 * @param since - the `since` that the person has seen, if the client knows it.
 * @throws {Refusal} NOT_FOUND if nothing needs attention there now; SUPERSEDED if it is another fact than the person has seen.
 */
export async function acknowledge(
  context: AttentionContext,
  viewer: Viewer,
  { id, since }: { readonly id: string; readonly since?: Date | null },
): Promise<AttentionRow> {
  const settings = toWaitingSettings(context);
  return inTransaction(context.database, async (tx) => {
    const find = () => findAttentionItem(tx.executor, id.slice(id.indexOf('_') + 1), settings);
    const item = isId('att', id) ? await find() : null;
    if (item === null)
      throw new Refusal('NOT_FOUND', `Nothing needs attention under ${toShown(id)} any more.`, ['id']);
    if (since && since.getTime() !== item.since.getTime()) {
      const now = item.since.toISOString();
      throw new Refusal('SUPERSEDED', `The item has changed; it is of ${now} now. Read it again.`, ['since']);
    }
    const isNew = await acknowledgeItem(tx, { ...item, keyId: viewer.keyId });
    if (isNew)
      tx.emit({
        type: 'attention.acknowledged',
        actor: toActor(viewer),
        payload: { itemId: item.id },
      });
    return (await find()) ?? item;
  });
}
