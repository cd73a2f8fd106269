// A worker that asks a question about each task, in a process of its own, which a test may kill:
//   node asking-worker <url> <key>
import { createClient, createWorker } from '../../../src/sdk/index.js';

const [url = '', apiKey = ''] = process.argv.slice(2);

const worker = createWorker(createClient({ url, apiKey }), {
  leaseSeconds: 10,
  capacity: 2,
  // The runs of a worker that was killed are taken up by the next one.
  resume: true,
  onError: () => undefined,
  handle: async (task, run) => {
    const answer = await run.ask(`Which one for ${task.ref}?`);
    return `${answer?.text} by ${run.id}`;
  },
});

process.once('SIGTERM', () => void worker.stop());
await worker.run();
