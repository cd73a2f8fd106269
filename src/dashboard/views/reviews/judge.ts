import { change } from '../../data/tasks.js';

/** What of a task a verdict needs. */
export interface Judged {
  readonly id: string;
  readonly reviewCycles: number;
}

/**
 * Submits a verdict, shown at once. The round is named, so that a verdict on work that was replaced meanwhile does
 * nothing.
 *
 * @returns whether it was accepted.
 */
export function judge(
  { id, reviewCycles }: Judged,
  verdict: 'APPROVED' | 'REJECTED',
  feedback?: string,
): Promise<boolean> {
  const status = verdict === 'APPROVED' ? 'DONE' : 'REJECTED';
  const input = {
    ...{ task: { id }, verdict, round: reviewCycles + 1 },
    ...(feedback === undefined ? {} : { feedback }),
  };
  return change(id, { status }, (client) => client.submitVerdict(input));
}
