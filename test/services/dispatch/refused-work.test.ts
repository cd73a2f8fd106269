import { beforeEach, describe, expect, it } from 'vitest';
import { createRefusedWork } from '../../../src/services/dispatch/refused-work.js';

let nowMs: number;
let work: ReturnType<typeof createRefusedWork>;

beforeEach(() => {
  nowMs = 1_000;
  work = createRefusedWork({ now: () => nowMs });
});

const refuse = (id: string, isBroken = false) => {
  nowMs += 1;
  return work.noteRefusal('llm', id, isBroken).strikes;
};
const answer = (id: string) => {
  nowMs += 1;
  work.noteAnswer('llm', id, nowMs);
};

describe('work that a gateway refuses', () => {
  it('is at fault each time that it is refused again after other work was answered', () => {
    expect(refuse('odd')).toBe(0);
    expect(refuse('odd')).toBe(0);
    answer('good');
    expect(refuse('odd')).toBe(1);
    expect(refuse('odd')).toBe(2);
  });

  it('is not at fault if the answered call began before the refusal, or belongs to another gateway', () => {
    expect(refuse('odd')).toBe(0);
    work.noteAnswer('llm', 'good', nowMs);
    work.noteAnswer('other', 'good', nowMs + 1);
    expect(refuse('odd')).toBe(0);
  });

  it('is not at fault after it was answered itself, nor while the gateway is broken', () => {
    refuse('odd');
    answer('odd');
    expect(refuse('odd')).toBe(0);
    answer('good');
    expect(refuse('odd', true)).toBe(0);
  });

  it('is not at fault, but for the first piece, when a gateway that worked for a while refuses all of it again', () => {
    const ids = Array.from({ length: 20 }, (_, index) => `task ${index}`);
    for (const id of ids) refuse(id);
    answer('good');
    expect(ids.map((id) => refuse(id))).toEqual([1, ...Array(19).fill(0)]);
  });
});
