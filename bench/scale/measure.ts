import { readFileSync } from 'node:fs';
import type pg from 'pg';
import { quantile } from '../harness.js';
import type { Case } from './cases.js';

/** The median of six runs after a first one, as often as PostgreSQL needs to choose the plan that it keeps. Fewer if it is slow. */
export async function measure(client: pg.Client, { read }: Case): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < 7 && !times.some((ms) => ms > 1_000); run += 1) {
    const before = cpuMs(client);
    await read(client);
    times.push(cpuMs(client) - before);
  }
  return quantile(times.length > 1 ? times.slice(1) : times, 0.5);
}

/** Processor time of the connection's process (Linux): it is the same on a busy machine. */
function cpuMs(client: pg.Client): number {
  const pid: unknown = Reflect.get(client, 'processID');
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1_000_000;
}
