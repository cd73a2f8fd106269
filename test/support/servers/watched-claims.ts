import type { ServiceContext } from '../../../src/services/service-context.js';

/** What the claims of a context have done. */
export interface ClaimTally {
  /** How often the database was asked for a task. */
  claims: number;
  /** The limits of the waits for work, in milliseconds. */
  readonly waits: number[];
}

/** Wraps a context so that it counts what its claims do. */
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
