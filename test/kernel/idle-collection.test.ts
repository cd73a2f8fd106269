import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { collectWhenIdle } from '../../src/kernel/idle-collection.js';
import { createInstrument } from '../../src/kernel/instrument.js';

const MB = 1_048_576;
const START = 100;

let load: number;
/** What a collection adds to the load until it is read. */
let loadOfCollection: number;
let unreadLoad: number;
let megabytes: number;
/** What each collection leaves. */
let leaves: number[];
let collected: number;
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  load = 0;
  loadOfCollection = 0;
  unreadLoad = 0;
  megabytes = START;
  leaves = [];
  collected = 0;
  const heap = {
    bytes: () => megabytes * MB,
    load: () => {
      const read = load + unreadLoad;
      unreadLoad = 0;
      return read;
    },
    collect: () => {
      collected += 1;
      unreadLoad += loadOfCollection;
      megabytes = leaves.shift() ?? megabytes;
    },
  };
  stop = collectWhenIdle({ instrument: createInstrument(), heap });
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

const pass = (seconds: number) => vi.advanceTimersByTime(seconds * 1_000);

describe('a process whose memory has grown', () => {
  it('collects nothing while it is busy', () => {
    load = 0.5;
    megabytes = 500;
    pass(60);
    expect(collected).toBe(0);
  });

  it('collects once it is idle, as often as that frees memory', () => {
    load = 0.5;
    megabytes = 500;
    pass(10);
    load = 0.01;
    leaves = [300, 130, 120];
    pass(60);
    // The last two freed little.
    expect(collected).toBe(4);
  });

  it('waits with the next collection while it is busy again', () => {
    megabytes = 500;
    leaves = [300, 120];
    pass(1);
    load = 0.5;
    pass(60);
    expect(collected).toBe(1);
    load = 0;
    pass(1);
    expect(collected).toBe(2);
  });

  it('does not take a long collection for work of its own', () => {
    loadOfCollection = 0.3;
    megabytes = 500;
    pass(7);
    expect(collected).toBe(2);
    megabytes = 800;
    leaves = [700, 600];
    pass(2);
    expect(collected).toBe(4);
  });

  it('collects twice if its memory is in use, and again when it has grown as much again', () => {
    megabytes = 500;
    pass(4);
    expect(collected).toBe(2);
    megabytes = 530;
    pass(1);
    expect(collected).toBe(2);
    megabytes = 540;
    pass(2);
    expect(collected).toBe(4);
  });

  it('looks again, after longer and longer pauses, whether its memory is still in use', () => {
    megabytes = 500;
    pass(7);
    expect(collected).toBe(2);
    leaves = [500, 500, 500, 500, 130];
    pass(3_600);
    expect(megabytes).toBe(130);
    megabytes = 500;
    pass(3_600);
    expect(collected).toBeLessThan(50);
  });
});

describe('an idle process', () => {
  it('collects nothing if its memory has hardly grown', () => {
    megabytes = START + 30;
    pass(600);
    expect(collected).toBe(0);
  });
});

describe('the memory of V8', () => {
  it('is smaller after a process was idle', async () => {
    vi.useRealTimers();
    const instrument = createInstrument();
    const freed = new Promise<unknown>((resolve) => {
      instrument.listen(({ facts }) => resolve(facts.freed));
    });
    const end = collectWhenIdle({ instrument });
    makeGarbage();
    expect(await freed).toBeGreaterThan(50 * MB);
    end();
  });
});

/** About 150 MB. In a function of its own: the frame of an asynchronous one would keep it. */
function makeGarbage(): void {
  Array.from({ length: 1_500_000 }, (_, index) => ({ index, text: `Text ${index}` }));
}
