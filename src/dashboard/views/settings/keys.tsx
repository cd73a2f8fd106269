import { useSignal } from '@preact/signals';
import type { ApiKeyFieldsFragment } from '../../../sdk/index.js';
import { act } from '../../data/act.js';
import { useQuery } from '../../data/use-query.js';
import { Confirm } from '../../parts/confirm.js';
import { Empty, Loading, Problem } from '../../parts/states.js';
import { ACTIONS, Table } from '../../parts/table.js';
import { Ago } from '../../parts/time.js';
import { sentence } from '../../parts/words.js';
import { KeyForm } from './key-form.js';
import { KeyState } from './key-state.js';

const PAGE = 100;

/** The API keys: who may do what. A secret is shown once, when its key is created. */
export function Keys() {
  const pages = useSignal(1);
  const revoking = useSignal<ApiKeyFieldsFragment | null>(null);
  const { data, problem, reload } = useQuery({
    key: String(pages.value),
    ask: (client, signal) => readKeys(client.apiKeys({ first: PAGE }, { signal }), pages.value),
    changesWith: ({ type }) => type.startsWith('key.'),
  });
  const revoked = revoking.value;
  return (
    <>
      <KeyForm onCreated={reload} />
      {problem.value !== '' && <Problem text={problem.value} onRetry={reload} />}
      {data.value === undefined && problem.value === '' && <Loading />}
      {data.value?.keys.length === 0 && <Empty title="There is no key yet" />}
      {data.value && data.value.keys.length > 0 && (
        <KeyTable keys={data.value.keys} onRevoke={(key) => (revoking.value = key)} />
      )}
      {data.value?.hasMore && (
        <button type="button" onClick={() => (pages.value += 1)}>
          Show more
        </button>
      )}
      {revoked && (
        <Confirm
          title={`Revoke the key ${revoked.name}?`}
          does={`Revoke ${revoked.name}`}
          onClose={() => (revoking.value = null)}
          onConfirm={() => void revoke(revoked).then(reload)}
        >
          Its calls and its sessions end at once. A revoked key cannot be made valid again.
        </Confirm>
      )}
    </>
  );
}

function revoke(key: ApiKeyFieldsFragment): Promise<boolean> {
  return act((client) => client.revokeApiKey({ id: key.id }), `The key ${key.name} is revoked`);
}

async function readKeys(all: AsyncIterable<ApiKeyFieldsFragment>, pages: number) {
  const keys: ApiKeyFieldsFragment[] = [];
  for await (const key of all) {
    if (keys.length === pages * PAGE) return { keys, hasMore: true };
    keys.push(key);
  }
  return { keys, hasMore: false };
}

interface TableProps {
  readonly keys: readonly ApiKeyFieldsFragment[];
  readonly onRevoke: (key: ApiKeyFieldsFragment) => void;
}

function KeyTable({ keys, onRevoke }: TableProps) {
  return (
    <Table columns={['Name', 'Role', 'Begins with', 'Created', 'Last used', 'State', ACTIONS]}>
      {keys.map((key) => (
        <tr key={key.id}>
          <td class="text">{key.name}</td>
          <td>
            {sentence(key.role)}
            {key.agent && <span class="quiet text"> {key.agent.name}</span>}
          </td>
          <td class="mono quiet">{key.prefix}</td>
          <td class="quiet">
            <Ago at={key.createdAt} />
          </td>
          <td class="quiet">{key.lastUsedAt === null ? 'never' : <Ago at={key.lastUsedAt} />}</td>
          <td>
            <KeyState apiKey={key} />
          </td>
          <td class="actions">
            {key.revokedAt === null && (
              <button type="button" class="danger" onClick={() => onRevoke(key)}>
                Revoke
              </button>
            )}
          </td>
        </tr>
      ))}
    </Table>
  );
}
