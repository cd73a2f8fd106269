import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RunLostError } from '../../src/sdk/index.js';
import { Lease } from '../../src/sdk/worker/lease.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** A lease of a minute. */
function aLease(sentAgoMs = 0): Lease {
  return new Lease('run_1', 60_000, performance.now() - sentAgoMs);
}

describe("the worker's view of a lease", () => {
  it('ends a lease after the claim was sent, by its timer', () => {
    const lease = aLease(20_000);
    vi.advanceTimersByTime(39_999);
    expect(lease.signal.aborted).toBe(false);
    vi.advanceTimersByTime(2);
    expect(lease.signal.aborted).toBe(true);
    expect(lease.signal.reason).toBeInstanceOf(RunLostError);
    expect(lease.signal.reason).toMatchObject({ runId: 'run_1', code: 'RUN_LOST' });
  });

  it('is over for a process that was frozen, before any timer fires', () => {
    const lease = aLease();
    // The clock goes on and no timer runs, as in the first line after SIGCONT.
    const frozenUntil = performance.now() + 60_001;
    vi.spyOn(performance, 'now').mockReturnValue(frozenUntil);
    expect(lease.isHeld()).toBe(false);
    expect(lease.signal.aborted).toBe(true);
    vi.mocked(performance.now).mockRestore();
  });

  it('is longer after a heartbeat was accepted, counted from its sending', () => {
    const lease = aLease();
    vi.advanceTimersByTime(50_000);
    lease.renew(performance.now() - 5_000);
    vi.advanceTimersByTime(54_999);
    expect(lease.isHeld()).toBe(true);
    vi.advanceTimersByTime(2);
    expect(lease.isHeld()).toBe(false);
  });

  it('is not shortened by the late answer to an older heartbeat', () => {
    const lease = aLease();
    vi.advanceTimersByTime(40_000);
    lease.renew(performance.now());
    lease.renew(performance.now() - 39_000);
    vi.advanceTimersByTime(59_999);
    expect(lease.isHeld()).toBe(true);
  });

  it('stays over when a heartbeat is accepted after its end', () => {
    const lease = aLease();
    vi.advanceTimersByTime(60_001);
    lease.renew(performance.now());
    expect(lease.isHeld()).toBe(false);
  });

  it('watches nothing after its run has ended, and aborts nothing then', () => {
    const lease = aLease();
    lease.end();
    lease.renew(performance.now());
    lease.lose(new Error('late'));
    expect(vi.getTimerCount()).toBe(0);
    expect(lease.signal.aborted).toBe(false);
  });
});
