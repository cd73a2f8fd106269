import type { WebhookFieldsFragment } from '../../sdk/index.js';
import { maybeOneOf, maybeText, text } from '../fields.js';
import { done, type Look, oneLine } from '../looks/look.js';
import { distance } from '../looks/times.js';
import { count } from '../looks/words.js';

/** A webhook, by id. */
export const webhook = text('The id of the webhook (whk_…): see "webhook list".');

/** What a webhook sends. */
export const body = {
  format: maybeOneOf(
    ['STANDARD', 'SLACK'],
    'What is sent: signed JSON, which is the default, or a line of text for a chat.',
  ),
  document: maybeText('A document "subscription { events { … } }": the body is its result for each event.'),
};

/** The line of a webhook that was changed. */
export function webhookDone(look: Look, changed: WebhookFieldsFragment): string {
  return done(look, `${addressOf(changed, look)} (${changed.id}): ${stateOf(changed, look)}`);
}

/** The address, without the parts that may be credentials. */
export function addressOf({ url }: WebhookFieldsFragment, look: Look): string {
  return look.paint('strong', oneLine(url));
}

/** Whether it delivers: `active`, `paused` or `failing`. */
export function stateOf({ paused, failures }: WebhookFieldsFragment, look: Look): string {
  if (paused) return look.paint('warning', 'paused');
  return failures > 0 ? look.paint('bad', 'failing') : 'active';
}

/** Which events it sends. */
export function filterText({ filter }: WebhookFieldsFragment): string {
  const parts = Object.entries(filter).map(([name, value]) => `${name} ${String(value)}`);
  return parts.length === 0 ? 'all events' : oneLine(parts.join(', '));
}

/** Why it delivers nothing now, in one line; null if it delivers. */
export function troubleOf(found: WebhookFieldsFragment, look: Look): string | null {
  const { paused, pauseReason, failures, lastError, retryAt } = found;
  if (paused) return look.paint('warning', oneLine(pauseReason ?? 'It was paused by a person.'));
  if (failures === 0) return null;
  const next = retryAt === null ? 'now' : distance(retryAt, look);
  return look.paint(
    'bad',
    `${count(failures, 'failure')} in a row. ${oneLine(lastError ?? '')} Retry: ${next}`,
  );
}
