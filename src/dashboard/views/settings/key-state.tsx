import type { ApiKeyFieldsFragment } from '../../../sdk/index.js';
import { Ago } from '../../parts/time.js';

/** Whether a key is valid, and until when. */
export function KeyState({ apiKey: { revokedAt, expiresAt } }: { readonly apiKey: ApiKeyFieldsFragment }) {
  if (revokedAt !== null)
    return (
      <span class="bad">
        revoked <Ago at={revokedAt} />
      </span>
    );
  if (expiresAt === null) return <span class="quiet">valid</span>;
  return (
    <span class="quiet">
      expires <Ago at={expiresAt} />
    </span>
  );
}
