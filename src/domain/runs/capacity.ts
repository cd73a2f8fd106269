/**
 * The outcome of a run that has not ended, of a task or of a review.
 *
 * An agent **holds a task** while its run of that task is open: from the claim or the dispatch until the run ends, even
 * after the lease has ended. These are the tasks that are IN_PROGRESS with the agent as their assignee.
 */
export const OPEN_OUTCOME = 'RUNNING';

/**
 * **Capacity** is the number of tasks that an agent may hold at the same time: the `maxCapacity` of the agent, or that of
 * the claim if it is lower. The agent gets another task while it holds fewer. Reviews are counted separately, against the same
 * number: a reviewer gets another round while it has fewer open reviews.
 */
export function hasRoom(used: number, maxCapacity: number): boolean {
  return used < maxCapacity;
}
