import { useQuery } from '../../data/use-query.js';
import { Problem } from '../../parts/states.js';
import { Table } from '../../parts/table.js';
import { Ago } from '../../parts/time.js';
import { sentence } from '../../parts/words.js';

const tones: Readonly<Record<string, string>> = { REACHABLE: 'good', UNREACHABLE: 'bad', BROKEN: 'bad' };
const shapes: Readonly<Record<string, string>> = { REACHABLE: '✓', UNREACHABLE: '✕', BROKEN: '✕' };

/** The gateways with what went wrong last and what helps. */
export function Gateways() {
  const { data, problem, reload } = useQuery({
    key: 'gateways',
    ask: (client, signal) => client.gateways({ signal }),
    changesWith: ({ type }) => type.startsWith('gateway.'),
  });
  return (
    <section class="queue-list" aria-label="Gateways">
      <h2>Gateways</h2>
      {problem.value !== '' && <Problem text={problem.value} onRetry={reload} />}
      {data.value?.length === 0 && (
        <p class="quiet">This server calls no gateway: all agents ask for work.</p>
      )}
      {data.value !== undefined && data.value.length > 0 && (
        <Table columns={['Gateway', 'Kind', 'State', 'Checked', 'Last error']}>
          {data.value.map(({ id, name, kind, state, checkedAt, lastError, remedy }) => (
            <tr key={id}>
              <td class="text">{name}</td>
              <td class="quiet">{kind}</td>
              <td>
                <span class="status" data-tone={tones[state] ?? 'quiet'}>
                  <i aria-hidden="true">{shapes[state] ?? '○'}</i>
                  {sentence(state)}
                </span>
              </td>
              <td class="quiet">{checkedAt === null ? 'never' : <Ago at={checkedAt} />}</td>
              <td class="long-text">
                {lastError !== null && <span class="text bad">{lastError}</span>}
                {remedy !== null && <span class="text quiet"> {remedy}</span>}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}
