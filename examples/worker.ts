import { type Client, ConnectionError, createWorker } from '../src/sdk/index.js';
import { isAssignment, perform } from './skills.js';

/** Runs one agent until the signal. A server of the example has no other work, so a foreign task ends the program. */
export async function runWorker(client: Client, signal: AbortSignal): Promise<void> {
  const worker = createWorker(client, {
    leaseSeconds: 30,
    resume: true,
    onError: reportUnlessLost,
    handle: async ({ metadata, reviews }, run) => {
      if (!isAssignment(metadata)) {
        await run.release('not a task of the example');
        return undefined;
      }
      const feedback = reviews.nodes.flatMap((review) => review.feedback ?? []);
      return await perform(metadata, feedback);
    },
  });
  signal.addEventListener('abort', () => void worker.stop(), { once: true });
  await worker.run();
}

/** A lost connection needs no word: worker and reviewer go on when the server answers again. */
export function reportUnlessLost(error: unknown): void {
  if (!(error instanceof ConnectionError)) console.error(error);
}
