import { type Client, createReviewer } from '../src/sdk/index.js';
import { findFault } from './checks.js';
import { isAssignment } from './skills.js';
import { reportUnlessLost } from './worker.js';

/** Judges everything that waits for a verdict, until the signal. */
export async function runReviewer(client: Client, signal: AbortSignal): Promise<void> {
  const reviewer = createReviewer(client, {
    onError: reportUnlessLost,
    judge: async ({ ref, metadata, resolution }) => {
      if (!isAssignment(metadata))
        throw new Error(`${ref} waits for a verdict, but is not a task of the example.`);
      const feedback = await findFault(metadata, resolution ?? '');
      return { verdict: feedback === null ? 'APPROVED' : 'REJECTED', feedback };
    },
  });
  signal.addEventListener('abort', () => void reviewer.stop(), { once: true });
  await reviewer.run();
}
