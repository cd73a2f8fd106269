import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decideReviewStall,
  decideStall,
  explainLoss,
  explainStall,
  type StallFacts,
} from '../../../src/domain/runs/stall.js';

const MINUTE = 60_000;
const rules = { agentTimeoutMs: 10 * MINUTE, staleAfterMs: 10 * MINUTE };
const now = new Date('2026-11-22T13:00:00Z');
const ago = (minutes: number) => new Date(now.getTime() - minutes * MINUTE);

/** A run that started an hour ago, whose lease ended a minute ago and whose agent was seen a minute ago. */
const facts = (changes: Partial<StallFacts> = {}): StallFacts => ({
  startedAt: ago(60),
  leaseExpiresAt: ago(1),
  leaseExpiryNotedAt: null,
  lastSeenAt: ago(1),
  staleRequeues: 0,
  isDispatched: false,
  ...changes,
});
const decide = (changes: Partial<StallFacts> = {}) => decideStall(facts(changes), now, rules);

describe('a stall', () => {
  it('does not exist while the lease is live, even if the agent is silent', () => {
    expect(decide({ leaseExpiresAt: ago(-3), lastSeenAt: null })).toEqual({
      verdict: 'keep',
      untilAt: ago(-3),
    });
  });

  it('requeues the task of an agent that is offline or was never seen', () => {
    expect(decide({ lastSeenAt: ago(11) })).toEqual({ verdict: 'requeue', requeues: 1 });
    expect(decide({ lastSeenAt: null })).toEqual({ verdict: 'requeue', requeues: 1 });
  });

  it('waits until the task has been in progress for long enough', () => {
    const startedAt = ago(4);
    expect(decide({ lastSeenAt: null, startedAt })).toEqual({ verdict: 'keep', untilAt: ago(-6) });
    expect(decide({ lastSeenAt: null, startedAt: ago(10) })).toEqual({ verdict: 'requeue', requeues: 1 });
  });

  it('is noted once for an online agent, which keeps the task for the grace period', () => {
    expect(decide()).toEqual({ verdict: 'note' });
    expect(decide({ leaseExpiryNotedAt: ago(0.5) })).toEqual({ verdict: 'keep', untilAt: ago(-9) });
    const over = { leaseExpiresAt: ago(10), leaseExpiryNotedAt: ago(9) };
    expect(decide(over)).toEqual({ verdict: 'requeue', requeues: 1 });
  });

  it('of a dispatched run is left to dispatchers for the grace period, whether its agent is online or offline', () => {
    for (const lastSeenAt of [null, now]) {
      const kept = { verdict: 'keep', untilAt: ago(-9) };
      expect(decide({ isDispatched: true, lastSeenAt })).toEqual(kept);
      const over = { isDispatched: true, lastSeenAt, leaseExpiresAt: ago(10) };
      expect(decide(over)).toEqual({ verdict: 'requeue', requeues: 1 });
    }
    const impatient = { agentTimeoutMs: 1, staleAfterMs: 1 };
    const untilAt = ago(0);
    expect(
      decideStall(facts({ isDispatched: true, leaseExpiresAt: ago(0.5) }), ago(0.25), impatient),
    ).toEqual({
      verdict: 'keep',
      untilAt: new Date(untilAt.getTime() + 30_000),
    });
  });

  it('is decided again when the agent would become offline', () => {
    const lastSeenAt = ago(8);
    expect(decide({ lastSeenAt, leaseExpiryNotedAt: now })).toEqual({
      verdict: 'keep',
      untilAt: new Date(ago(-2).getTime() + 1),
    });
  });

  it('fails the task after the fifth requeue', () => {
    expect(decide({ lastSeenAt: null, staleRequeues: 4 })).toEqual({ verdict: 'requeue', requeues: 5 });
    expect(decide({ lastSeenAt: null, staleRequeues: 5 })).toEqual({ verdict: 'fail' });
  });

  const instant = fc
    .integer({ min: -200, max: 200 })
    .map((seconds) => new Date(now.getTime() + seconds * 1_000));
  const anyFacts = fc.record({
    startedAt: instant,
    leaseExpiresAt: instant,
    leaseExpiryNotedAt: fc.option(instant),
    lastSeenAt: fc.option(instant),
    staleRequeues: fc.integer({ min: 0, max: 5 }),
    isDispatched: fc.boolean(),
  });
  const anyRules = fc.record({
    agentTimeoutMs: fc.integer({ min: 100, max: 200_000 }),
    staleAfterMs: fc.integer({ min: 100, max: 200_000 }),
  });

  it('keeps its decision until exactly the named instant', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
    fc.assert(
      fc.property(anyFacts, anyRules, share, (any, anyRule, part) => {
        const decision = decideStall(any, now, anyRule);
        if (decision.verdict !== 'keep') return;
        const restMs = decision.untilAt.getTime() - now.getTime();
        expect(restMs).toBeGreaterThan(0);
        const between = new Date(now.getTime() + Math.floor(restMs * part));
        expect(decideStall(any, between, anyRule)).toEqual(decision);
        expect(decideStall(any, decision.untilAt, anyRule)).not.toEqual(decision);
      }),
    );
  });

  it('takes the task after the lease ends, and at most one grace period later', () => {
    fc.assert(
      fc.property(anyFacts, anyRules, (any, anyRule) => {
        const { verdict } = decideStall(any, now, anyRule);
        const isTaken = verdict === 'requeue' || verdict === 'fail';
        if (any.leaseExpiresAt > now) expect(verdict).toBe('keep');
        const graceMs = Math.max(Number(any.isDispatched) * MINUTE, anyRule.staleAfterMs);
        if (any.leaseExpiresAt.getTime() + graceMs <= now.getTime()) expect(isTaken).toBe(true);
        if (isTaken) expect(verdict === 'fail').toBe(any.staleRequeues === 5);
        if (verdict === 'note') expect(any.leaseExpiryNotedAt).toBeNull();
      }),
    );
  });

  it('never requeues a review later than a task', () => {
    fc.assert(
      fc.property(anyFacts, anyRules, (any, anyRule) => {
        const isTaken = ['requeue', 'fail'].includes(decideStall(any, now, anyRule).verdict);
        const review = decideReviewStall(any, now, anyRule);
        if (isTaken) expect(review).toEqual({ verdict: 'requeue' });
        if (any.leaseExpiresAt > now) expect(review.verdict).toBe('keep');
      }),
    );
  });
});

describe('a stalled review', () => {
  it('requeues the round of an offline reviewer at once, and of an online one after the grace period', () => {
    expect(decideReviewStall(facts({ lastSeenAt: null, startedAt: ago(1) }), now, rules).verdict).toBe(
      'requeue',
    );
    expect(decideReviewStall(facts(), now, rules)).toEqual({ verdict: 'keep', untilAt: ago(-9) });
    expect(decideReviewStall(facts({ leaseExpiresAt: ago(10) }), now, rules).verdict).toBe('requeue');
  });
});

describe('the explanation of a stall', () => {
  const explain = (changes: Partial<StallFacts>) =>
    explainStall({ ...facts(changes), agentName: 'scout' }, now, rules);

  it('names the agent, its silence and the end of its lease', () => {
    expect(explain({ lastSeenAt: ago(30) })).toBe(
      'scout has been silent since 2026-11-22T12:30:00.000Z, and its lease ended at 2026-11-22T12:59:00.000Z.',
    );
    expect(explain({ lastSeenAt: null })).toBe(
      'scout has never been seen, and its lease ended at 2026-11-22T12:59:00.000Z.',
    );
    expect(explain({ leaseExpiresAt: ago(11) })).toBe(
      'scout is online, but its lease ended at 2026-11-22T12:49:00.000Z and was not renewed within the grace period (10 minutes).',
    );
  });

  it('counts the requeues and says where the task waits', () => {
    const requeue = (pinned: boolean) => explainLoss({ requeues: 2 }, { pinned });
    expect(requeue(true)).toBe('Requeue 2 of 5: the task waits for its assignee again.');
    expect(requeue(false)).toBe('Requeue 2 of 5: the task is back in the inbox.');
    expect(explainLoss(null, { pinned: true })).toBe('After 5 requeues this stall fails the task.');
  });
});
