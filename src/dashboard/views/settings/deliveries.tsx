import type { WebhookFieldsFragment } from '../../../sdk/index.js';
import { useQuery } from '../../data/use-query.js';
import { Loading, Problem } from '../../parts/states.js';
import { TableHead } from '../../parts/table.js';
import { Ago } from '../../parts/time.js';

const PAGE = 20;

/** The last attempts of a webhook: what the receiver has answered, and how fast. */
export function Deliveries({ webhook }: { readonly webhook: WebhookFieldsFragment }) {
  const { id, cursor, failures, lastDeliveredAt } = webhook;
  const { data, problem, reload } = useQuery({
    key: `${id} ${cursor} ${failures} ${lastDeliveredAt}`,
    ask: async (client, signal) => (await client.webhookDeliveries({ id, first: PAGE }, { signal })).nodes,
  });
  if (problem.value !== '') return <Problem text={problem.value} onRetry={reload} />;
  if (data.value === undefined) return <Loading />;
  if (data.value.length === 0) return <p class="quiet">Nothing was sent yet.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="table-box deliveries" aria-label="Deliveries" tabIndex={0}>
      <table class="table">
        <TableHead columns={['When', 'Status', 'Latency', 'Attempt', 'Event', 'Answer']} />
        <tbody>
          {data.value.map(({ eventId, attempt, status, durationMs, error, answer, at }) => (
            <tr key={`${eventId} ${attempt} ${at}`}>
              <td class="quiet">
                <Ago at={at} />
              </td>
              <td class={error === null ? 'good' : 'bad'}>{status ?? 'none'}</td>
              <td>{durationMs.toLocaleString('en')} ms</td>
              <td>{attempt}</td>
              <td class="mono quiet">{eventId}</td>
              <td class="cut text" title={error ?? answer ?? ''}>
                {error ?? answer ?? ''}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
