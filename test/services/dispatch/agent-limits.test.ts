import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAgentLimits } from '../../../src/services/dispatch/agent-limits.js';

const limits = () => {
  const made = createAgentLimits(() => undefined);
  return (retryAfterMs: number | null) => {
    const ending = made.note('agent', { outcome: 'LIMITED', error: '429', retryAfterMs });
    return ending?.outcome === 'LIMITED' ? (ending.retryAfterMs ?? 0) : 0;
  };
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the wait after a limit', () => {
  it('is the time that the provider says, however often it says it', () => {
    const wait = limits();
    expect(Array.from({ length: 20 }, () => wait(12_000))).toEqual(Array.from({ length: 20 }, () => 12_000));
    expect(wait(1e12)).toBe(3_600_000);
  });

  it('grows to seconds if the provider keeps on saying that no wait is needed', () => {
    const wait = limits();
    const waits = Array.from({ length: 12 }, () => wait(0));
    expect(waits[0]).toBeLessThanOrEqual(200);
    expect(waits.at(-1)).toBeGreaterThanOrEqual(5_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(10_000);
  });
});
