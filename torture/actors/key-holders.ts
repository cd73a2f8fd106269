import { setTimeout as delay } from 'node:timers/promises';
import { Caller } from './caller.js';
import type { Scene } from './scene.js';

/** A server may accept a revoked key for this long, with the slack of a machine under load. */
const GRACE_MS = 6_000;

/** Creates keys, uses them, revokes them, and complains when a server still accepts one of them. */
export async function holdKeys(scene: Scene, admin: Caller): Promise<void> {
  for (let turn = 1; scene.isPlaying(); turn += 1) {
    const name = `${admin.name}-${turn}`;
    const { answer } = await admin.once((client) => client.createApiKey({ name, role: 'VIEWER' }));
    if (answer !== undefined) await useAndRevoke(scene, admin, name, answer);
    await scene.pause(admin.random, 4);
  }
}

async function useAndRevoke(
  scene: Scene,
  admin: Caller,
  name: string,
  { apiKey, secret }: { readonly apiKey: { readonly id: string }; readonly secret: string },
): Promise<void> {
  admin.acknowledge('key', apiKey.id);
  const holder = new Caller(scene, name, secret);
  const used = await holder.ask((client) => client.viewer());
  if (used.refused === 'UNAUTHENTICATED') admin.complain(`the new key ${apiKey.id} was not accepted`);
  const { answer } = await admin.ask((client) => client.revokeApiKey({ id: apiKey.id }));
  if (answer === undefined) return;
  admin.acknowledge('key.revoked', apiKey.id);
  await delay(GRACE_MS);
  const late = await holder.ask((client) => client.viewer());
  if (late.answer !== undefined) admin.complain(`the revoked key ${apiKey.id} was accepted`);
}
