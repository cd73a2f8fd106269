// A worker in a process of its own, which a test may kill or freeze:
//   node worker-process <url> <key> <file of the log>
import { appendFileSync } from 'node:fs';
import { createClient, createWorker } from '../../src/sdk/index.js';

const [url = '', apiKey = '', log = ''] = process.argv.slice(2);

/** Written at once, so that a kill loses nothing of it. */
function note(what: string, runId: string): void {
  appendFileSync(log, `${JSON.stringify({ what, runId })}\n`);
}

const worker = createWorker(createClient({ url, apiKey }), {
  leaseSeconds: 10,
  // The runs of a worker that was killed are taken up by the next one.
  resume: true,
  onError: () => undefined,
  handle: async (task, run) => {
    note('begun', run.id);
    run.signal.addEventListener('abort', () => note('aborted', run.id));
    // A handler that ignores that its run is lost must do no harm either.
    await run.progress('working').catch(() => undefined);
    // Work of some length that needs no timer.
    await new Promise((resolve) => setImmediate(resolve));
    note('ended', run.id);
    return `result of ${task.ref} by ${run.id}`;
  },
});

process.once('SIGTERM', () => void worker.stop());
await worker.run();
