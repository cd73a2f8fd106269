import { describe, expect, it } from 'vitest';
import { deriveAgentStatus } from '../../../src/domain/agents/status.js';

const NOW = new Date('2026-11-22T12:00:00Z');
const TIMEOUT_MS = 600_000;
const ago = (ms: number) => new Date(NOW.getTime() - ms);
const idle = { pausedAt: null, errorAt: null, lastSeenAt: ago(1_000), hasLiveLease: false };

describe('the status of an agent', () => {
  it.each([
    ['IDLE', idle],
    ['BUSY', { ...idle, hasLiveLease: true }],
    ['OFFLINE', { ...idle, lastSeenAt: null }],
    ['IDLE', { ...idle, lastSeenAt: ago(TIMEOUT_MS) }],
    ['OFFLINE', { ...idle, lastSeenAt: ago(TIMEOUT_MS + 1) }],
    ['OFFLINE', { ...idle, lastSeenAt: ago(TIMEOUT_MS + 1), hasLiveLease: true }],
    ['ERROR', { ...idle, errorAt: NOW, lastSeenAt: null, hasLiveLease: true }],
    ['PAUSED', { ...idle, pausedAt: NOW, errorAt: NOW, lastSeenAt: null, hasLiveLease: true }],
  ])('is %s for %j', (status, facts) => {
    expect(deriveAgentStatus(facts, NOW, TIMEOUT_MS)).toBe(status);
  });
});
