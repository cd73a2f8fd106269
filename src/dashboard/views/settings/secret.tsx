import { copyText } from '../../parts/copy.js';

interface SecretProps {
  /** What it is the secret of: `the key`. */
  readonly of: string;
  readonly secret: string;
  readonly onHide: () => void;
}

/** A secret that the server shows once. */
export function Secret({ of, secret, onHide }: SecretProps) {
  return (
    <div class="secret" role="status">
      <p>This is the only time that {of} is shown. Store it now.</p>
      <code class="text">{secret}</code>
      <div class="form-buttons">
        <button type="button" class="main" onClick={() => void copyText(secret, of)}>
          Copy
        </button>
        <button type="button" onClick={onHide}>
          Hide
        </button>
      </div>
    </div>
  );
}
