/**
 * The outcome of a run, of a task or of a review, that has not ended.
 *
 * An agent **holds a task** while a run of it on that task is open: from the claim or the dispatch until the run ends, also
 * after its lease has ended. These are the tasks that are IN_PROGRESS with the agent as their assignee.
 */
export const OPEN_OUTCOME = 'RUNNING';

/**
 * **Capacity** is how many tasks an agent may hold at a time: the `maxCapacity` of the claim, else that of the agent. It
 * gets another task while it holds fewer. Reviews are counted apart, against the same number: a reviewer gets another
 * round while it has fewer reviews under way.
 */
export function hasRoom(used: number, maxCapacity: number): boolean {
  return used < maxCapacity;
}
