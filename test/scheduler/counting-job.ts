import { vi } from 'vitest';
import { type Clock, systemClock } from '../../src/kernel/clock.js';
import { createInstrument, type Signal } from '../../src/kernel/instrument.js';
import type { Job, JobRun } from '../../src/scheduler/job.js';
import type { JobRunRecord } from '../../src/scheduler/job-runs.js';
import { createScheduler } from '../../src/scheduler/scheduler.js';

const A_DAY = 86_400_000;

/** A job that counts its runs. While it is held, its runs do not end. */
export class CountingJob implements Job {
  runs = 0;
  running = 0;
  mostAtOnce = 0;
  /** The result of each run, or the error that it throws. */
  outcome: JobRun | Error = { handled: 0 };
  private release: (() => void) | undefined;
  private held: Promise<void> = Promise.resolve();

  constructor(
    readonly name: string,
    readonly everyMs = A_DAY,
  ) {}

  hold(): void {
    this.held = new Promise((resolve) => {
      this.release = resolve;
    });
  }

  letGo(): void {
    this.release?.();
  }

  async runOnce(): Promise<JobRun> {
    this.runs += 1;
    this.running += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.running);
    await this.held;
    this.running -= 1;
    if (this.outcome instanceof Error) throw this.outcome;
    return this.outcome;
  }

  /** Waits until this many runs have begun. */
  hasRun(runs: number): Promise<void> {
    return until(() => this.runs >= runs);
  }
}

export function until(isSo: () => boolean): Promise<void> {
  return vi.waitFor(
    () => {
      if (!isSo()) throw new Error('not yet');
    },
    { timeout: 20_000, interval: 1 },
  );
}

/** A scheduler of these jobs, with its signals and records. */
export function aScheduler(jobs: readonly Job[], clock: Clock = systemClock) {
  const instrument = createInstrument();
  const signals: Signal[] = [];
  instrument.listen((signal) => signals.push(signal));
  const records: JobRunRecord[] = [];
  const paused = new Set<string>();
  const ports = {
    isPaused: async (name: string) => paused.has(name),
    record: async (run: JobRunRecord) => void records.push(run),
  };
  const scheduler = createScheduler({
    jobs,
    instrument,
    clock,
    isPaused: (name) => ports.isPaused(name),
    record: (run) => ports.record(run),
  });
  return { scheduler, signals, records, paused, ports };
}
