import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The identity of this server at a gateway on another machine. The operator of that gateway has to approve it. */
export interface Device {
  /** The id that the operator approves. */
  readonly id: string;
  /** Creates the proof of this identity for one connection. */
  prove(claim: DeviceClaim): object;
}

/** The connection that a proof is valid for. */
export interface DeviceClaim {
  readonly nonce: string;
  /** The time in the challenge, in milliseconds. It is the gateway's, so the clocks may differ. */
  readonly signedAt: number;
  readonly clientId: string;
  readonly clientMode: string;
  readonly scopes: readonly string[];
  readonly token: string;
  readonly platform: string;
}

/** Reads the device's key from the file, or creates one that only the server's account can read. */
export async function openDevice(path: string): Promise<Device> {
  const key = createPrivateKey((await readKey(path)) ?? (await createKey(path)));
  const publicKey = createPublicKey(key).export({ format: 'jwk' }).x ?? '';
  const id = createHash('sha256').update(Buffer.from(publicKey, 'base64url')).digest('hex');
  return { id, prove: (claim) => prove({ id, publicKey, key }, claim) };
}

interface Keys {
  readonly id: string;
  readonly publicKey: string;
  readonly key: KeyObject;
}

function prove({ id, publicKey, key }: Keys, claim: DeviceClaim): object {
  const { nonce, signedAt, clientId, clientMode, scopes, token, platform } = claim;
  const deviceFamily = '';
  const signed = ['v3', id, clientId, clientMode, 'operator', scopes.join(','), signedAt, token, nonce];
  const text = [...signed, platform.toLowerCase(), deviceFamily].join('|');
  const signature = sign(null, Buffer.from(text), key).toString('base64url');
  return { id, publicKey, signature, signedAt, nonce };
}

async function readKey(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Creates the key. If two processes do this at once, both use the key of the first. */
async function createKey(path: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const text = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 });
    return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return readFile(path, 'utf8');
  }
}
