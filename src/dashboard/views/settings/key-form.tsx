import { useSignal } from '@preact/signals';
import type { ApiKeyRole, CreateApiKeyInput } from '../../../sdk/index.js';
import { messageOf, session } from '../../data/session.js';
import { Refused } from '../../parts/form.js';
import { Instant } from '../../parts/form-fields.js';
import { Secret } from './secret.js';

const roles: readonly { readonly role: ApiKeyRole; readonly may: string }[] = [
  { role: 'VIEWER', may: 'Viewer: reads everything' },
  { role: 'OPERATOR', may: 'Operator: runs the fleet' },
  { role: 'AGENT', may: 'Agent: does the work of one agent' },
  { role: 'ADMIN', may: 'Admin: also makes keys' },
];

/** Creates a key and shows its secret once. */
export function KeyForm({ onCreated }: { readonly onCreated: () => void }) {
  const role = useSignal<ApiKeyRole>('VIEWER');
  const problem = useSignal('');
  const secret = useSignal('');
  const create = async (form: HTMLFormElement) => {
    problem.value = '';
    try {
      const answer = await session.value?.client.createApiKey(inputOf(new FormData(form), role.value));
      secret.value = answer?.secret ?? '';
      form.reset();
      role.value = 'VIEWER';
      onCreated();
    } catch (error) {
      problem.value = messageOf(error);
    }
  };
  return (
    <>
      <form
        class="key-form"
        aria-label="Create a key"
        onSubmit={(event) => {
          event.preventDefault();
          void create(event.currentTarget);
        }}
      >
        <label>
          Name
          <input type="text" name="name" required autocomplete="off" />
        </label>
        <label>
          Role
          <select
            name="role"
            value={role.value}
            onChange={(event) => {
              role.value = event.currentTarget.value as ApiKeyRole;
            }}
          >
            {roles.map(({ role: name, may }) => (
              <option key={name} value={name}>
                {may}
              </option>
            ))}
          </select>
        </label>
        {role.value === 'AGENT' && (
          <label>
            Agent
            <input type="text" name="agent" required autocomplete="off" />
          </label>
        )}
        <Instant name="expiresAt" title="Expires" />
        <button type="submit" class="main">
          Create the key
        </button>
      </form>
      <Refused reason={problem.value} />
      {secret.value !== '' && (
        <Secret of="the key" secret={secret.value} onHide={() => (secret.value = '')} />
      )}
    </>
  );
}

function inputOf(fields: FormData, role: ApiKeyRole): CreateApiKeyInput {
  const expiresAt = String(fields.get('expiresAt') ?? '');
  return {
    name: String(fields.get('name')).trim(),
    role,
    ...(role === 'AGENT' ? { agent: { name: String(fields.get('agent')).trim() } } : {}),
    ...(expiresAt === '' ? {} : { expiresAt: new Date(expiresAt).toISOString() }),
  };
}
