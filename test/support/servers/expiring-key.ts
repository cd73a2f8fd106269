import { untilLive, watchOverSse, watchOverWebSocket } from '../wires/event-streams.js';
import { type Client, Refused } from './client.js';
import { createKey } from './fleet.js';

/** A key that has let streams begin, and ends soon: the slower the machine is with that, the later. */
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
