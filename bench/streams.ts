import { measureFanOut } from './fan-out.js';
import { type Harness, openHarness } from './harness.js';
import { measureLatency } from './latency.js';
import { measureTwoProcesses } from './two-processes.js';

/** `npm run bench:streams` runs all parts, `npm run bench:streams -- latency` only the named ones. */
const parts: Record<string, (harness: Harness) => Promise<void>> = {
  'fan-out': measureFanOut,
  latency: measureLatency,
  'two-processes': measureTwoProcesses,
};

const asked = process.argv.slice(2);
for (const [name, measure] of Object.entries(parts)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const harness = await openHarness();
  try {
    await measure(harness);
  } finally {
    await harness.close();
  }
}
