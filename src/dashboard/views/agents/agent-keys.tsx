import type { ApiKeyFieldsFragment, Client } from '../../../sdk/index.js';
import { session } from '../../data/session.js';
import { useQuery } from '../../data/use-query.js';
import { basePath } from '../../frame/router.js';
import { Loading, Problem } from '../../parts/states.js';
import { Ago } from '../../parts/time.js';
import { KeyState } from '../settings/key-state.js';

const PAGE = 100;

/** The keys with which the agent calls. Only an admin may see keys. */
export function AgentKeys({ agentId }: { readonly agentId: string }) {
  if (session.value?.role !== 'ADMIN') return null;
  return <Keys agentId={agentId} />;
}

function Keys({ agentId }: { readonly agentId: string }) {
  const { data, problem, reload } = useQuery({
    key: agentId,
    ask: (client) => keysOf(client, agentId),
    changesWith: ({ type }) => type.startsWith('key.'),
  });
  return (
    <section aria-label="Keys">
      <h2>
        <a href={`${basePath}/settings/keys`}>Keys</a>
      </h2>
      {problem.value !== '' && <Problem text={problem.value} onRetry={reload} />}
      {data.value === undefined && problem.value === '' && <Loading />}
      <ul class="related">
        {data.value?.map((key) => (
          <li key={key.id}>
            <span class="text">{key.name}</span>
            <KeyState apiKey={key} />
            <span class="quiet small">
              used {key.lastUsedAt === null ? 'never' : <Ago at={key.lastUsedAt} />}
            </span>
          </li>
        ))}
      </ul>
      {data.value?.length === 0 && <p class="quiet">It has no key of its own.</p>}
    </section>
  );
}

/** The keys of an agent that were not revoked. */
async function keysOf(client: Client, agentId: string): Promise<ApiKeyFieldsFragment[]> {
  const keys: ApiKeyFieldsFragment[] = [];
  for await (const key of client.apiKeys({ first: PAGE }))
    if (key.agent?.id === agentId && key.revokedAt === null) keys.push(key);
  return keys;
}
