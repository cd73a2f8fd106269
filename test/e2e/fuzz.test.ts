import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { buildSchema } from 'graphql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hostileRequest } from '../support/fuzz/hostile-requests.js';
import { readFuzzSeed } from '../support/fuzz/seed.js';
import { sendHostile } from '../support/fuzz/send-hostile.js';
import { type AttackedServer, startAttackedServer } from '../support/servers/attacked-server.js';
import { readMemory } from '../support/servers/process-memory.js';
import { expectHarmless } from '../support/wires/expect-harmless.js';

/** How long requests are sent. */
const DURATION_MS = 20_000;
const BATCH = 40;
const AT_ONCE = 8;
const MEMORY_BYTES = 100_000_000;

let besieged: AttackedServer;

beforeAll(async () => {
  besieged = await startAttackedServer();
});

// Runs after the test. It expects that the server works as before and has logged no fault.
afterAll(() => besieged.stopUnharmed());

it('answers any documents, variables, bytes, headers and messages without a fault, and is as small afterwards', async () => {
  const requests = hostileRequest({
    schema: buildSchema(readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8')),
    secrets: Object.values(besieged.clients).map(({ secret }) => secret),
    known: {
      id: [besieged.secretTask.id],
      ref: ['TASK-1', 'TASK-2'],
      runId: [besieged.secretWork.runId],
      name: ['intruder'],
    },
  });
  let seed = readFuzzSeed();
  // Before the measurement the caches, whose size is limited, have been filled.
  for (let warm = 0; warm < 15; warm += 1, seed += 1) await sendBatch(requests, seed);
  const before = await readMemory(besieged.server.pid);
  const end = performance.now() + DURATION_MS;
  let sent = 0;
  for (; performance.now() < end; seed += 1) sent += await sendBatch(requests, seed);
  expect(sent).toBeGreaterThan(200);
  // An idle server collects its garbage within seconds; where others use the processor, it is idle later.
  await expect
    .poll(async () => (await readMemory(besieged.server.pid)) - before, { timeout: 60_000 })
    .toBeLessThan(MEMORY_BYTES);
});

/** Sends the requests of a seed, several at once. */
async function sendBatch(requests: ReturnType<typeof hostileRequest>, seed: number): Promise<number> {
  const batch = fc.sample(requests, { seed, numRuns: BATCH });
  const waiting = [...batch];
  const sendAll = async () => {
    for (let request = waiting.shift(); request !== undefined; request = waiting.shift()) {
      try {
        const { code, text } = await sendHostile(besieged.admin.url(), request);
        if (request.kind === 'socket') expect(code).not.toBe(1011);
        // The page of GraphiQL contains the names of its own files.
        if (/content-type: text\/html/i.test(text)) expect(code).toBeLessThan(500);
        else expectHarmless({ status: code < 1_000 ? code : 200, text });
      } catch (error) {
        const how = `Run it again with TEST_FUZZ_SEED=${seed}. The request: ${JSON.stringify(request)}`;
        throw new Error(`The server did not stand a request. ${how}`, { cause: error });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sendAll));
  return batch.length;
}
