import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beginCast, type Cast } from './actors/cast.js';
import { Scene } from './actors/scene.js';
import { type Evidence, readEvidence } from './judge/evidence.js';
import { selectFor } from './judge/rules/streams.js';
import { measureLeftovers } from './leftovers.js';
import type { Plan } from './plan/plan.js';
import { createRecord, type StreamRecord } from './record.js';
import { measureRecovery } from './recovery.js';
import { type Played, playFaults } from './world/play-faults.js';
import { openWorld, type World } from './world/world.js';

/** How long the work may take to end after the faults, and a subscriber that is behind may receive nothing, in milliseconds. */
const FINISH_MS = 90_000;
const CATCH_UP_MS = 30_000;

/** What a run leaves to the judge and to the report. */
export interface Run {
  readonly evidence: Evidence;
  readonly played: Played;
  /** Why full disks were not tried; null if they were. */
  readonly noDisk: string | null;
  /** How many processes were started. */
  readonly starts: number;
  /** How long the work took to end after the faults, in milliseconds. */
  readonly finishMs: number;
}

/** A run whose servers and database still run. */
export interface OpenRun extends Run {
  readonly world: World;
}

/** Plays a plan, lets the work end, and collects the evidence. The world stays open until `world.close`. */
export async function torture(folder: string, plan: Plan, say: (line: string) => void): Promise<OpenRun> {
  const world = await openWorld(folder, plan);
  try {
    const scene = new Scene(plan, createRecord(), world);
    const cast = await beginCast(scene, world);
    say(`everything runs: ${plan.faults.length} faults in ${plan.seconds} s`);
    const played = await playFaults(world, plan);
    const recovering = measureRecovery(scene, world, cast.workerKey);
    const finishMs = await finish(scene, world, cast, recovering);
    say(`the work ended ${Math.round(finishMs / 1_000)} s after the faults`);
    const end = await untilStreamsHave(scene, world);
    await saveMetrics(folder, world);
    await cast.closeStreams();
    for (const stream of scene.record.streams) stream.until = Math.max(end, lastOf(stream));
    say('every subscriber has ended');
    const leftovers = [...(await recovering), ...(await measureLeftovers(world))];
    const serverComplaints = world.posts.flatMap(({ server }) => server.complaints);
    const evidence = await readEvidence(world.pool, { record: scene.record, serverComplaints, leftovers });
    const starts = world.posts.reduce((sum, { server }) => sum + server.starts(), 0);
    return { evidence, played, noDisk: world.disk.missing, starts, finishMs, world };
  } catch (error) {
    await world.close();
    throw error;
  }
}

/** Lets the work end without faults and without new work. */
async function finish(scene: Scene, world: World, cast: Cast, recovering: Promise<unknown>): Promise<number> {
  const begunAtMs = performance.now();
  const passedMs = () => performance.now() - begunAtMs;
  scene.enter('finish');
  await cast.resumeAll();
  while (passedMs() < FINISH_MS && (await countUnfinished(world)) > 0) await delay(250);
  const finishMs = passedMs();
  await recovering;
  scene.enter('over');
  await cast.acted;
  return finishMs;
}

/** Keeps what the servers count while all subscribers are still connected. They help to find a cause. */
async function saveMetrics(folder: string, { posts }: World): Promise<void> {
  for (const [place, { server }] of posts.entries()) {
    const answer = await fetch(`http://127.0.0.1:${server.port()}/metrics`).catch(() => null);
    await writeFile(join(folder, `server-${place + 1}`, 'metrics.txt'), (await answer?.text()) ?? '');
  }
}

async function countUnfinished({ pool }: World): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `SELECT count(*)::int FROM tasks WHERE status IN ('IN_PROGRESS', 'REVIEW')
       OR (status IN ('INBOX', 'ASSIGNED') AND open_dependencies = 0)`,
  );
  return rows[0]?.count ?? 0;
}

/**
 * Waits until every subscriber has what the log has now, or those that have not received nothing more. Returns the end of the
 * log. Later events, such as that an agent is offline, reach a subscriber or not, depending on when it ends.
 */
async function untilStreamsHave({ record }: Scene, { pool }: World): Promise<number> {
  const { events } = await readEvidence(pool, { record, serverComplaints: [], leftovers: [] });
  const isBehind = (stream: StreamRecord) => lastOf(stream) < (selectFor(stream, events).at(-1)?.id ?? 0);
  const countOfLate = () =>
    record.streams.filter(isBehind).reduce((sum, { seen }) => sum + seen.length, record.streams.length);
  let count = countOfLate();
  for (let idleMs = 0; idleMs < CATCH_UP_MS && record.streams.some(isBehind); ) {
    await delay(200);
    const now = countOfLate();
    idleMs = now === count ? idleMs + 200 : 0;
    count = now;
  }
  return events.at(-1)?.id ?? 0;
}

function lastOf({ seen }: StreamRecord): number {
  return seen.at(-1)?.position ?? 0;
}
