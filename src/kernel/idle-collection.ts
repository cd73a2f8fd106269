import { performance } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Instrument } from './instrument.js';

/** The memory of this process, as far as V8 manages it. */
export interface Heap {
  /** The bytes that are taken from the machine: objects, garbage, buffers and free places between them. */
  readonly bytes: () => number;
  /** How busy this process was since the last call, from 0 to 1. */
  readonly load: () => number;
  /** Collects all garbage. Nothing else runs meanwhile. */
  readonly collect: () => void;
}

/** Where collections are reported, and what tests replace. */
export interface IdleCollectionOptions {
  readonly instrument: Instrument;
  readonly heap?: Heap;
}

/** The pause between two checks, in milliseconds. */
const EVERY_MS = 1_000;

/** An idle server with its jobs and some agents that poll stays below this load. */
const IDLE_LOAD = 0.1;

/** An event loop that is active for eight tenths of the time is busy, even if it gets little of the processor. */
const LOOP_TO_LOAD = 8;

/** The growth that is worth a collection, in bytes. */
const MIN_GROWTH = 33_554_432;

/** A collection that frees less has freed little, in bytes. */
const MIN_FREED = 16_777_216;

/** After this number of collections that freed little, one after the other, the memory is in use. One is not enough to free a page. */
const LITTLE_FREED = 2;

/**
 * Idle checks until memory that was in use is collected again. What a request keeps that has not ended yet is in use only until then.
 * The pause doubles as long as the process stays idle.
 */
const LOOK_AGAIN = { first: 5, most: 3_600 };

/**
 * Collects garbage when this process is idle after its memory has grown. V8 collects when it needs memory for something new, so an
 * idle process keeps the garbage of its last load: 330 MB for 40 seconds after 3,000 subscriptions. The first collection finds the
 * garbage, and the next ones join what is left, so that pages become free. Each stops the process for about 60 ms.
 *
 * @returns a function that stops the checks. They do not keep the process alive.
 */
export function collectWhenIdle({ instrument, heap = createV8Heap() }: IdleCollectionOptions): () => void {
  let least = heap.bytes();
  /** Growth counts from here: the least ever, or what was in use when that was found. */
  let base = least;
  /** The bytes before the collection of the last check. */
  let before: number | undefined;
  /** How many of the last collections freed little. */
  let littleFreed = 0;
  let pause = LOOK_AGAIN.first;
  let checksToPause = 0;

  /** What the collection of the last check has freed. Only now, because V8 frees pages and buffers after the collection. */
  function noteFreed(bytes: number): number {
    if (before === undefined) return 0;
    const freed = before - bytes;
    before = undefined;
    littleFreed = freed < MIN_FREED ? littleFreed + 1 : 0;
    instrument.emit('debug', 'memory.collected', 'An idle process has collected its garbage', { freed });
    return freed;
  }

  /** What an idle process keeps is in use, so it is no reason for another collection soon. */
  function noteInUse(bytes: number): void {
    base = bytes;
    littleFreed = 0;
    checksToPause = pause;
    pause = Math.min(2 * pause, LOOK_AGAIN.most);
  }

  function check(): void {
    const isIdle = heap.load() < IDLE_LOAD;
    const bytes = heap.bytes();
    least = Math.min(least, bytes);
    base = Math.min(base, bytes);
    const freed = noteFreed(bytes);
    if (!isIdle) {
      pause = LOOK_AGAIN.first;
      return;
    }
    if (littleFreed >= LITTLE_FREED) noteInUse(bytes);
    else if (base > least && --checksToPause <= 0) base = least;
    if (freed < MIN_FREED && littleFreed === 0 && bytes - base < MIN_GROWTH) return;
    heap.collect();
    // Otherwise a collection of more than 100 ms would be taken for work, and the next ones would never end.
    heap.load();
    before = bytes;
  }

  const timer = setInterval(check, EVERY_MS).unref();
  return () => clearInterval(timer);
}

function createV8Heap(): Heap {
  let last = performance.eventLoopUtilization();
  let lastCpu = process.cpuUsage();
  let collect: (() => void) | undefined;
  return {
    bytes() {
      const { total_heap_size, external_memory } = getHeapStatistics();
      return total_heap_size + external_memory;
    },
    load() {
      const now = performance.eventLoopUtilization();
      const { utilization, active, idle } = performance.eventLoopUtilization(now, last);
      const { user, system } = process.cpuUsage(lastCpu);
      last = now;
      lastCpu = process.cpuUsage();
      // On a busy machine the loop is active for long, because the time in which it waits for a processor counts as well.
      return Math.max((user + system) / 1_000 / (active + idle), utilization / LOOP_TO_LOAD);
    },
    collect() {
      collect ??= exposeCollection();
      collect();
    },
  };
}

/** V8 gives its function to contexts that are created after the flag was set. */
function exposeCollection(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc');
}
