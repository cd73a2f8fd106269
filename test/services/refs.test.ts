import { describe, expect, it } from 'vitest';
import { newId } from '../../src/kernel/ids.js';
import {
  explainNoAgent,
  findAgentRefMistake,
  findTaskRefMistake,
  nameOf,
  noSuchTask,
  toShown,
} from '../../src/services/refs.js';

describe('the name that a caller used, in a refusal', () => {
  it.each([
    ['TASK-42', 'TASK-42'],
    ['', '""'],
    [' ', '" "'],
    ['x'.repeat(1_000), 'x'.repeat(80)],
  ])('is shortened and never empty (%j)', (given, shown) => {
    expect(toShown(given)).toBe(shown);
    expect([nameOf({ id: given }), nameOf({ ref: given }), nameOf({ name: given })]).toEqual(
      Array(3).fill(shown),
    );
  });
});

describe('a ref in the wrong form', () => {
  const [task, agent] = [newId('task'), newId('agt')];

  it('of a task says which form is meant', () => {
    expect(findTaskRefMistake({ id: 'TASK-1' })).toBe(
      'TASK-1 is a ref and not an id: write {ref: "TASK-1"}.',
    );
    expect(findTaskRefMistake({ ref: task })).toBe(`${task} is an id and not a ref: write {id: "${task}"}.`);
    expect(noSuchTask({ ref: '42' }).message).toBe('There is no task 42. A ref looks like TASK-42.');
    expect(noSuchTask({ ref: 'TASK-42' }).message).toBe('There is no task TASK-42.');
    for (const ref of [{ id: task }, { ref: 'TASK-1' }, { ref: 'task-1' }])
      expect(findTaskRefMistake(ref)).toBeNull();
  });

  it('of an agent says which form is meant', () => {
    expect(findAgentRefMistake({ id: 'py' })).toBe(
      'py is not an id: write {name: …} for a name, or {id: "agt_…"}.',
    );
    for (const ref of [{ id: agent }, { name: 'py' }]) expect(findAgentRefMistake(ref)).toBeNull();
    expect(explainNoAgent({ name: agent })).toContain(`an id is written {id: "${agent}"}.`);
    expect(explainNoAgent({ name: 'py' })).toBe(
      'There is no agent py: register it first with registerAgent.',
    );
  });
});
