import { Refusal } from '../../domain/refusals.js';
import { toSlackMessage } from '../../domain/webhooks/slack-message.js';
import { newRequestId } from '../../kernel/ids.js';
import { readNow } from '../../store/ops/database-clock.js';
import { findWebhook, type WebhookRow } from '../../store/webhooks/webhooks.js';
import { toLookup, toShown } from '../refs.js';
import type { ServiceContext } from '../service-context.js';

/** The answer of a receiver to a ping. */
export interface PingResult {
  readonly webhook: WebhookRow;
  readonly status: number | null;
  readonly durationMs: number;
  readonly error: string | null;
  readonly answer: string | null;
}

/**
 * Sends a message that is no event of the log, signed like the others, also while the webhook is paused. It changes nothing.
 * @throws {Refusal} NOT_FOUND
 */
export async function pingWebhook(
  { database, webhooks, clock }: Pick<ServiceContext, 'database' | 'webhooks' | 'clock'>,
  id: string,
  signal: AbortSignal,
): Promise<PingResult> {
  const webhook = await findWebhook(database.pool, toLookup(id));
  if (webhook === null) throw new Refusal('NOT_FOUND', `There is no webhook ${toShown(id)}.`, ['id']);
  const { url, secret, format } = webhook;
  const at = await readNow(database.pool);
  const ping = { type: 'webhook.ping', at: at.toISOString(), webhookId: webhook.id };
  const told = { ...ping, actor: { displayName: 'Mission Control' }, task: null, agent: null, payload: {} };
  const body = JSON.stringify(format === 'SLACK' ? toSlackMessage(told, '') : ping);
  const beganAtMs = clock.now();
  const answer = await webhooks.send({
    webhookId: webhook.id,
    url,
    id: `ping_${newRequestId()}`,
    atMs: at.getTime(),
    secrets: [secret],
    body,
    signal,
  });
  return { ...answer, webhook, durationMs: clock.now() - beganAtMs };
}
