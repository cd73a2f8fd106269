import { setTimeout as delay } from 'node:timers/promises';
import { Caller } from './actors/caller.js';
import type { Scene } from './actors/scene.js';
import type { Leftover } from './judge/evidence.js';
import type { World } from './world/world.js';

/** The longest time until a server works again that is normal, and the time after which the suite gives up, in seconds. */
const MOST_S = 30;
const LONGEST_S = 120;

/** Measures for each server how long it takes from the end of the faults until it reads, writes and claims. */
export function measureRecovery(scene: Scene, { posts }: World, key: string): Promise<Leftover[]> {
  const begunAtMs = performance.now();
  return Promise.all(
    posts.map(async (_, place): Promise<Leftover> => {
      const caller = new Caller(scene, `probe-${place + 1}`, key, place);
      const passedS = () => Math.round((performance.now() - begunAtMs) / 1_000);
      while (passedS() < LONGEST_S && !(await works(caller))) await delay(200);
      return { name: `server ${place + 1}`, unit: 's until it worked again', found: passedS(), most: MOST_S };
    }),
  );
}

async function works(caller: Caller): Promise<boolean> {
  const read = await caller.once((client) => client.viewer());
  const written = await caller.once((client) => client.heartbeat({}));
  // The tag is on no task, so the claim brings nothing.
  const claimed = await caller.once((client) => client.claimNextTask({ tags: ['no-such-tag'] }));
  return [read, written, claimed].every(({ answer }) => answer !== undefined);
}
