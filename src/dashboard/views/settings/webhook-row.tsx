import { useSignal } from '@preact/signals';
import type { WebhookFieldsFragment } from '../../../sdk/index.js';
import { act } from '../../data/act.js';
import { notify } from '../../frame/notices.js';
import { Confirm } from '../../parts/confirm.js';
import { Ago } from '../../parts/time.js';
import { countOf, sentence } from '../../parts/words.js';
import { Deliveries } from './deliveries.js';
import { ReplayDialog } from './replay-dialog.js';

type Webhook = WebhookFieldsFragment;

interface WebhookRowProps {
  readonly webhook: Webhook;
  readonly onChanged: () => void;
  readonly onSecret: (secret: string) => void;
}

/** A webhook: where it sends what, how far it is, and what can be done with it. */
export function WebhookRow({ webhook, onChanged, onSecret }: WebhookRowProps) {
  const dialog = useSignal<'replay' | 'rotate' | 'remove' | null>(null);
  const isOpen = useSignal(false);
  const { id, url, paused } = webhook;
  const close = () => (dialog.value = null);
  const change = async (send: Parameters<typeof act>[0], done: string) => {
    if (await act(send, done)) onChanged();
  };
  return (
    <li class="webhook" aria-label={url}>
      <div class="webhook-facts">
        <p class="mono text webhook-url">{url}</p>
        <p class="quiet">
          {wordsOf(webhook)} · by <span class="text">{webhook.createdBy.displayName}</span>
        </p>
        <State webhook={webhook} />
      </div>
      <div class="webhook-buttons">
        <button type="button" onClick={() => void ping(id, onChanged)}>
          Ping
        </button>
        <button
          type="button"
          onClick={() =>
            void (paused
              ? change((client) => client.resumeWebhook({ id }), 'The webhook delivers again')
              : change((client) => client.pauseWebhook({ id }), 'The webhook is paused'))
          }
        >
          {paused ? 'Resume' : 'Pause'}
        </button>
        <button type="button" onClick={() => (dialog.value = 'replay')}>
          Replay
        </button>
        <button type="button" onClick={() => (dialog.value = 'rotate')}>
          New secret
        </button>
        <button type="button" class="danger" onClick={() => (dialog.value = 'remove')}>
          Remove
        </button>
        <button type="button" aria-expanded={isOpen.value} onClick={() => (isOpen.value = !isOpen.value)}>
          Deliveries
        </button>
      </div>
      {isOpen.value && <Deliveries webhook={webhook} />}
      {dialog.value === 'replay' && <ReplayDialog id={id} onClose={close} onDone={onChanged} />}
      {dialog.value === 'rotate' && (
        <Confirm
          title="Make a new secret?"
          does="Make a new secret"
          onClose={close}
          onConfirm={() =>
            void act(async (client) => onSecret((await client.rotateWebhookSecret({ id })).secret ?? ''))
          }
        >
          The old secret signs no more deliveries. The receiver must know the new one.
        </Confirm>
      )}
      {dialog.value === 'remove' && (
        <Confirm
          title="Remove the webhook?"
          does="Remove the webhook"
          onClose={close}
          onConfirm={() => void change((client) => client.removeWebhook({ id }), 'The webhook is removed')}
        >
          <span class="mono text">{url}</span> gets no more events.
        </Confirm>
      )}
    </li>
  );
}

function wordsOf({ filter, format, document }: Webhook): string {
  const types: unknown = filter.types;
  const others = Object.entries(filter).filter(([name, value]) => name !== 'types' && value !== null);
  return [
    Array.isArray(types) ? types.join(', ') : 'all events',
    ...others.map(([name, value]) => `${sentence(name)} ${String(value)}`),
    format === 'SLACK' ? 'for a chat' : '',
    document === null ? '' : 'with a document',
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

function State({ webhook }: { readonly webhook: Webhook }) {
  const { paused, pausedAt, pauseReason, failures, lastError, retryAt, lagging, lastDeliveredAt } = webhook;
  const behind = lagging === 0 ? 'up to date' : `${countOf(lagging, 'event')} behind`;
  return (
    <p class="text">
      {paused && (
        <span class={pauseReason === null ? 'warning' : 'bad'}>
          Paused
          {pausedAt !== null && (
            <>
              {' '}
              <Ago at={pausedAt} />
            </>
          )}
          {pauseReason !== null && `: ${pauseReason}`}
        </span>
      )}
      {!paused && failures > 0 && (
        <span class="bad">
          {countOf(failures, 'failed attempt')}: {lastError}
          {retryAt !== null && (
            <>
              , next <Ago at={retryAt} />
            </>
          )}
        </span>
      )}
      {!paused && failures === 0 && <span class="good">Delivers</span>}
      <span class="quiet">
        {' '}
        · {behind} ·{' '}
        {lastDeliveredAt === null ? (
          'nothing delivered yet'
        ) : (
          <>
            last <Ago at={lastDeliveredAt} />
          </>
        )}
      </span>
    </p>
  );
}

/** A receiver that does not accept is no error of the call. */
async function ping(id: string, onChanged: () => void): Promise<void> {
  await act(async (client) => {
    const { status, durationMs, error } = await client.pingWebhook({ id });
    if (error === null || error === undefined) notify(`The receiver answered ${status} in ${durationMs} ms`);
    else notify(`The receiver has not accepted it: ${error}`, 'bad');
  });
  onChanged();
}
