import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/kernel/clock.js';
import { createLeaseWatchdog } from '../../../src/services/dispatch/lease-watchdog.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }));
afterEach(() => void vi.useRealTimers());

function aWatchdog() {
  const overdue: string[] = [];
  const watchdog = createLeaseWatchdog({
    leaseMs: 30_000,
    clock: systemClock,
    onOverdue: (runId) => void overdue.push(runId),
  });
  return { watchdog, overdue };
}

describe('the watchdog of leases', () => {
  it('reports a run five seconds before its lease ends, counted from when the statement was sent', () => {
    const { watchdog, overdue } = aWatchdog();
    const sentAtMs = systemClock.now();
    vi.advanceTimersByTime(10_000);
    watchdog.note(['run_1'], sentAtMs);
    vi.advanceTimersByTime(14_999);
    expect([overdue, watchdog.hasLease('run_1')]).toEqual([[], true]);
    vi.advanceTimersByTime(1);
    expect([overdue, watchdog.hasLease('run_1')]).toEqual([['run_1'], false]);
  });

  it('waits longer for the runs that a renewal names, and for no run that it forgets', () => {
    const { watchdog, overdue } = aWatchdog();
    watchdog.note(['run_1', 'run_2', 'run_3'], systemClock.now());
    vi.advanceTimersByTime(10_000);
    watchdog.note(['run_1'], systemClock.now());
    watchdog.forget('run_3');
    vi.advanceTimersByTime(24_999);
    expect(overdue).toEqual(['run_2']);
    vi.advanceTimersByTime(1);
    expect(overdue).toEqual(['run_2', 'run_1']);
  });

  it.each([3_600_000, -3_600_000])('does not notice when the time of day jumps by %i ms', (jumpMs) => {
    const { watchdog, overdue } = aWatchdog();
    watchdog.note(['run_1'], systemClock.now());
    vi.setSystemTime(Date.now() + jumpMs);
    vi.advanceTimersByTime(24_999);
    expect([overdue, watchdog.hasLease('run_1')]).toEqual([[], true]);
    vi.advanceTimersByTime(1);
    expect(overdue).toEqual(['run_1']);
  });
});
