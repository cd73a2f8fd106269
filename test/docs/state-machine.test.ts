import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withStateMachine } from '../../scripts/print-state-machine.js';
import { TASK_STATUSES, TRANSITIONS } from '../../src/domain/tasks/task-status.js';

const page = readFileSync(new URL('../../docs/state-machine.md', import.meta.url), 'utf8');

describe('docs/state-machine.md', () => {
  it('is what the code prints; if not, run npx tsx scripts/print-state-machine.ts', () => {
    expect(withStateMachine(page)).toBe(page);
  });

  it('draws every transition of the table once and no other', () => {
    const drawn = [...page.matchAll(/^ {4}([A-Z_]+) --> ([A-Z_]+): /gm)].map(
      ([, from, to]) => `${from} ${to}`,
    );
    expect(drawn).toEqual(TRANSITIONS.map(({ from, to }) => `${from} ${to}`));
  });

  it('names every status', () => {
    expect(TASK_STATUSES.filter((status) => !page.includes(`\`${status}\``))).toEqual([]);
  });

  it('is refused where the markers are missing', () => {
    expect(() => withStateMachine('# States')).toThrow(/moves:begin/);
  });
});
