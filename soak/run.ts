// npm run soak -- [--tasks 1000000] [--slices 20] [--retention 60s] [--minutes 100]: see docs/reliability.md.
import { parseArgs } from 'node:util';
import { openHarness, print } from '../bench/harness.js';
import { judgeFlatness } from './flatness.js';
import { openFleet } from './fleet.js';
import { HEADINGS, measureSlice, type Slice, showSlice } from './slice.js';

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '1000000' },
    slices: { type: 'string', default: '20' },
    retention: { type: 'string', default: '60s' },
    minutes: { type: 'string', default: 'Infinity' },
  },
});
const tasks = Number(values.tasks);
const slices = Number(values.slices);
if (!(tasks >= 1_000 && slices >= 4)) throw new Error('give at least 1,000 tasks and 4 slices');

const endsAtMs = performance.now() + Number(values.minutes) * 60_000;

const harness = await openHarness();
try {
  const server = await harness.startServer(undefined, undefined, {
    MC_EVENT_RETENTION: values.retention,
    MC_TASKS_PER_MINUTE: '10000000',
  });
  const fleet = await openFleet(server.url);
  print(`${tasks} tasks in ${slices} slices, events are kept for ${values.retention}\n`);
  print(HEADINGS);
  const done: Slice[] = [];
  for (let place = 0; place < slices; place += 1) {
    const work = await fleet.handle(Math.round(tasks / slices));
    done.push(await measureSlice(harness.pool, server, work));
    print(showSlice(done));
    if (performance.now() > endsAtMs) break;
  }
  const complaints = judgeFlatness(done);
  print('');
  for (const line of complaints) print(`✗ ${line}`);
  if (complaints.length === 0) print('✓ Memory, latency, the log and the queues stayed flat.');
  process.exitCode = complaints.length === 0 ? 0 : 1;
} finally {
  await harness.close();
}
