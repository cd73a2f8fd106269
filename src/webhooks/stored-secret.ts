import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { newInitializationVector } from '../kernel/ids.js';

/** Turns signing secrets into what the database stores, and back. */
export interface SecretStore {
  /** What is stored of the secret of a webhook: the secret encrypted with the first key, or as it is if there is no key. */
  toStored(webhookId: string, secret: string): string;
  /** The secret; null if none of the keys has encrypted it for this webhook. */
  toSecret(webhookId: string, stored: string): string | null;
  /** What should be stored instead: the secret encrypted with the first key. The same if it is so already, or can't be read. */
  toRenewed(webhookId: string, stored: string): string;
}

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

interface Key {
  /** Names the key in what it has encrypted, so that a server does not try its others. */
  readonly id: string;
  readonly bytes: Uint8Array;
}

/**
 * Creates the store. With keys, a backup or a reader of the database alone has no secrets. The id of the webhook is authenticated, so
 * what is stored for one webhook is not accepted for another one.
 *
 * @param texts - the first key encrypts, all decrypt. Long random texts: nothing slows down who guesses one.
 */
export function createSecretStore(texts: readonly string[]): SecretStore {
  const keys = texts.map(deriveKey);
  const [first] = keys;
  const keyOf = (stored: string) => keys.find(({ id }) => stored.startsWith(`v1.${id}.`));

  function toSecret(webhookId: string, stored: string): string | null {
    if (stored.startsWith('whsec_')) return stored;
    const key = keyOf(stored);
    return key === undefined ? null : decrypt(key, webhookId, stored);
  }

  return {
    toStored: (webhookId, secret) => (first === undefined ? secret : encrypt(first, webhookId, secret)),
    toSecret,
    toRenewed(webhookId, stored) {
      if (first === undefined || keyOf(stored) === first) return stored;
      const secret = toSecret(webhookId, stored);
      return secret === null ? stored : encrypt(first, webhookId, secret);
    },
  };
}

function deriveKey(text: string): Key {
  const bytes = new Uint8Array(hkdfSync('sha256', text, '', 'mission-control webhook secrets', 32));
  return { bytes, id: createHash('sha256').update(bytes).digest('hex').slice(0, 8) };
}

function encrypt({ id, bytes }: Key, webhookId: string, secret: string): string {
  const iv = newInitializationVector(IV_BYTES);
  const cipher = createCipheriv(CIPHER, bytes, iv, { authTagLength: TAG_BYTES }).setAAD(
    Buffer.from(webhookId),
  );
  const encrypted = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return `v1.${id}.${Buffer.concat([iv, cipher.getAuthTag(), encrypted]).toString('base64url')}`;
}

/** Null if it was changed, or belongs to another webhook. */
function decrypt({ bytes }: Key, webhookId: string, stored: string): string | null {
  const sealed = Buffer.from(stored.split('.')[2] ?? '', 'base64url');
  const iv = sealed.subarray(0, IV_BYTES);
  const tag = sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES);
  try {
    const decipher = createDecipheriv(CIPHER, bytes, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(webhookId)).setAuthTag(tag);
    return decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return null;
  }
}
