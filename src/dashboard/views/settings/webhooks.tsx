import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { WebhookFieldsFragment } from '../../../sdk/index.js';
import { onEvents } from '../../data/live.js';
import { useQuery } from '../../data/use-query.js';
import { Empty, Loading, Problem } from '../../parts/states.js';
import { Secret } from './secret.js';
import { WebhookForm } from './webhook-form.js';
import { WebhookRow } from './webhook-row.js';
import './webhooks.css';

const PAGE = 100;
/** A delivery follows its event. It causes none, so the list is read some time after each event, in milliseconds. */
const AFTER_EVENT_MS = 1_000;
/** While a webhook is behind it changes without events, in milliseconds. */
const WHILE_BEHIND_MS = 2_000;

/** The webhooks: where events go, how far each is, and what its receiver has answered. */
export function Webhooks() {
  const secret = useSignal('');
  const { data, problem, reload } = useQuery({
    key: 'webhooks',
    ask: async (client, signal) => (await client.webhooks({ first: PAGE }, { signal })).nodes,
    changesWith: ({ type }) => type.startsWith('webhook.'),
  });
  useLateReads(data.value ?? [], reload);
  const show = (value: string) => {
    secret.value = value;
    reload();
  };
  return (
    <>
      <WebhookForm onCreated={show} />
      {secret.value !== '' && (
        <Secret of="the signing secret" secret={secret.value} onHide={() => (secret.value = '')} />
      )}
      {problem.value !== '' && <Problem text={problem.value} onRetry={reload} />}
      {data.value === undefined && problem.value === '' && <Loading />}
      {data.value?.length === 0 && (
        <Empty title="No address gets events yet">
          <p>
            A webhook sends each event that matches to an address: signed, in order, and again until the
            receiver accepts it.
          </p>
        </Empty>
      )}
      <ul class="webhooks">
        {data.value?.map((webhook) => (
          <WebhookRow key={webhook.id} webhook={webhook} onChanged={reload} onSecret={show} />
        ))}
      </ul>
    </>
  );
}

/** Reads the list after each event, and while a webhook is behind. */
function useLateReads(webhooks: readonly WebhookFieldsFragment[], reload: () => void): void {
  const isBehind = webhooks.some(({ lagging, paused }) => lagging > 0 && !paused);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = onEvents(() => {
      clearTimeout(timer);
      timer = setTimeout(reload, AFTER_EVENT_MS);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, []);
  useEffect(() => {
    if (!isBehind) return;
    const timer = setTimeout(reload, WHILE_BEHIND_MS);
    return () => clearTimeout(timer);
  }, [webhooks]);
}
