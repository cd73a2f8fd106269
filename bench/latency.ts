import { setTimeout as pause } from 'node:timers/promises';
import { ADMIN, createTask, type Harness, print, quantile } from './harness.js';
import type { Served } from './processes.js';
import { openSubscribers } from './subscribers.js';

const EVENTS = 300;
/** Pause between two events, so that the server has finished one before the next request. */
const PAUSE_MS = 15;

/** Measures the time from a request to its event at one subscriber, on the same process and on another. */
export async function measureLatency(harness: Harness): Promise<void> {
  const [here, there] = [await harness.startServer(), await harness.startServer()];
  await report('on one process', here, here);
  await report('across processes', here, there);
}

async function report(name: string, asked: Served, watched: Served): Promise<void> {
  const subscribers = await openSubscribers(watched.url, 1, {
    first: () => ({ type: 'connection_init', payload: { authorization: `Bearer ${ADMIN}` } }),
    second: () => ({
      id: '1',
      type: 'subscribe',
      payload: { query: 'subscription { events(filter: { types: ["task.created"] }) { cursor type } }' },
    }),
  });
  let hasBegun = false;
  subscribers.onMessage = () => {
    hasBegun = true;
  };
  while (!hasBegun) {
    await createTask(asked.url);
    await pause(500);
  }
  const latencies: number[] = [];
  for (let event = 0; event < EVENTS; event += 1) {
    const seen = new Promise<number>((resolve) => {
      subscribers.onMessage = (_subscriber, atMs) => resolve(atMs);
    });
    const sentAtMs = performance.now();
    await createTask(asked.url);
    latencies.push((await seen) - sentAtMs);
    await pause(PAUSE_MS);
  }
  subscribers.close();
  const at = (q: number) => quantile(latencies, q).toFixed(1);
  print(
    `| request sent → event seen, ${name} | p50 ${at(0.5)} ms | p90 ${at(0.9)} ms | p99 ${at(0.99)} ms |`,
  );
}
