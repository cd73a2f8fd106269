import { setTimeout as delay } from 'node:timers/promises';
import type { Plan } from '../plan/plan.js';
import { doFault } from './faults.js';
import type { World } from './world.js';

/** What became of the faults of a plan. */
export interface Played {
  readonly done: number;
  /** Faults that the suite itself could not do, such as killing a backend of a PostgreSQL that had none. */
  readonly failed: readonly string[];
}

/** Does the faults of a plan at their times, and mends everything at the end. */
export async function playFaults(world: World, { faults, seconds }: Plan): Promise<Played> {
  const begunAtMs = performance.now();
  const failed: string[] = [];
  const running: Promise<void>[] = [];
  const wait = (untilMs: number) => delay(Math.max(0, untilMs - (performance.now() - begunAtMs)));
  for (const fault of faults) {
    await wait(fault.atMs);
    running.push(
      doFault(world, fault).catch((error: unknown) => {
        failed.push(`${fault.kind}: ${error instanceof Error ? error.message : String(error)}`);
      }),
    );
  }
  await wait(seconds * 1_000);
  await Promise.all(running);
  for (const { server, door, link } of world.posts) {
    door.mend();
    link.mend();
    await server.clock.jumpTo(0);
  }
  return { done: faults.length, failed };
}
