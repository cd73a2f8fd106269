import type { Rule } from '../rule.js';

/** Work does not get stuck: when the faults are over, everything that can go on ends. */
export const workEnds: Rule = {
  name: 'work-ends',
  promise: 'When the faults are over, every task that can go on is finished.',
  find: ({ tasks }) =>
    tasks.filter(({ can_go_on: canGoOn }) => canGoOn).map(({ id, status }) => `${id} is still ${status}`),
};

/** No server answers or logs a fault of its own. */
export const noFaults: Rule = {
  name: 'no-faults',
  promise: 'No server answers or logs a fault, ends by itself, or breaks a promise about keys.',
  find: ({ record, serverComplaints }) => [...record.complaints, ...serverComplaints],
};

/** Servers return what they have used. */
export const leftovers: Rule = {
  name: 'leftovers',
  promise: 'Memory, file handles and connections are back to normal when all clients have gone.',
  find: ({ leftovers: found }) =>
    found
      .filter((each) => each.found > each.most)
      .map(({ name, found: number, most, unit }) => `${name}: ${number} ${unit}, at most ${most} are normal`),
};
