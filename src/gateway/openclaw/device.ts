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

/** What this server is known by at a gateway on another machine, once its operator has approved it there. */
export interface Device {
  /** What the gateway's operator approves. */
  readonly id: string;
  /** Proves, for one connection, that the device is the one with this id. */
  prove(claim: DeviceClaim): object;
}

/** What a proof is bound to, so that it is good for nothing else. */
export interface DeviceClaim {
  readonly nonce: string;
  /** The challenge's own time, in milliseconds; clocks need not agree. */
  readonly signedAt: number;
  readonly clientId: string;
  readonly clientMode: string;
  readonly scopes: readonly string[];
  readonly token: string;
  readonly platform: string;
}

/** Reads the device's key from the file, or makes one that only the server's own account can read. */
export async function openDevice(path: string): Promise<Device> {
  const key = createPrivateKey((await readKey(path)) ?? (await makeKey(path)));
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

/** Of two processes that make one at the same time, the second takes the first one's. */
async function makeKey(path: string): Promise<string> {
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
