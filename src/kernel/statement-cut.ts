import { describeDuration } from './durations.js';

/**
 * The database stopped a statement at the time limit of reads. The caller asked for too much, or for much while others did.
 * graphql-js copies the code of `extensions` into its own error.
 */
export class StatementCut extends Error {
  override readonly name = 'StatementCut';
  readonly extensions = { code: 'QUERY_TOO_COMPLEX' };

  constructor(limitMs: number, options?: ErrorOptions) {
    const limit = describeDuration(limitMs);
    super(
      `The database stopped this query after ${limit}: use a narrower filter or fewer searches, leave totalCount out or give it atMost.`,
      options,
    );
  }
}
