import type { Rule } from '../rule.js';

/** The positions of the log have no gaps, and no event waits for one. */
export const positions: Rule = {
  name: 'positions',
  promise: 'Every committed event has a position, and positions are dense.',
  find({ events, outbox }) {
    const gaps = events.flatMap(({ id }, place) => {
      const before = events[place - 1];
      return before === undefined || id === before.id + 1 ? [] : [`${id} follows ${before.id}`];
    });
    return outbox === 0 ? gaps : [...gaps, `${outbox} events have no position`];
  },
};
