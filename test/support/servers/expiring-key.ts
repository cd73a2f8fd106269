import { untilLive, watchOverSse, watchOverWebSocket } from '../wires/event-streams.js';
import { type Client, Refused } from './client.js';
import { createKey } from './fleet.js';

/** Creates a key that expires soon after streams have begun with it. On a slow machine the key lives longer. */
export async function watchWithKeyThatEnds(admin: Client) {
  for (let lifeMs = 2_000; ; lifeMs *= 2) {
    const expiresAt = new Date(Date.now() + lifeMs).toISOString();
    const wanted = { name: `lives ${lifeMs} ms`, role: 'VIEWER', expiresAt };
    const key = await createKey(admin, wanted).catch((refusal: Refused) => refusal);
    if (key instanceof Refused) continue;
    const streams = [watchOverWebSocket, watchOverSse].map((watch) => watch(admin.with(key.secret)));
    const ended = Promise.all(streams.map((stream) => stream.ended));
    if (!(await Promise.race([untilLive(admin, streams), ended]))) return { key, expiresAt, ended };
  }
}
