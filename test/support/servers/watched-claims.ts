import type { ServiceContext } from '../../../src/services/service-context.js';

/** What the claims of a context have done so far. */
export interface ClaimTally {
  /** Asked the database for a task. */
  claims: number;
  /** Began to wait for work, and for how many milliseconds at most. */
  readonly waits: number[];
}

/** The same context, counting what its claims do. */
export function watchClaims<Context extends ServiceContext>(
  context: Context,
): { readonly watched: Context; readonly tally: ClaimTally } {
  const tally: ClaimTally = { claims: 0, waits: [] };
  const watched: Context = {
    ...context,
    claims: {
      ...context.claims,
      claim(request) {
        tally.claims += 1;
        return context.claims.claim(request);
      },
    },
    claimWaiters: {
      ...context.claimWaiters,
      watch(agentId) {
        const watch = context.claimWaiters.watch(agentId);
        return {
          ...watch,
          wait(ms, signal) {
            tally.waits.push(ms);
            return watch.wait(ms, signal);
          },
        };
      },
    },
  };
  return { watched, tally };
}
