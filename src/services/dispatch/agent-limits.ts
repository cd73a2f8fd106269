import { type Backoff, backoffMs } from '../../kernel/backoff.js';
import { randomFraction } from '../../kernel/ids.js';
import type { CallEnding } from './gateway-call.js';

/** The agents whose provider has limited them, as far as this process knows. */
export interface AgentLimits {
  /**
   * Notes how a call of the agent ended. Fills in for how long no call of it should be made after a limit: as long as the
   * provider said, at most an hour, otherwise a time that grows until a call is answered.
   */
  note(agentId: string, ending: CallEnding | null): CallEnding | null;
  isLimited(agentId: string): boolean;
}

/** How the shortest wait after a limit grows. */
export type LimitPace = Pick<Backoff, 'baseMs' | 'maxMs'>;

/** The longest wait in milliseconds. After it a call finds out whether the provider has raised the limit. */
const LONGEST_MS = 3_600_000;
/**
 * The shortest wait, which grows until a call is answered. Without it a provider that asks for no wait, or names a time that
 * is past, would be called in a loop, and each call leaves a run in the log.
 */
const SHORTEST: LimitPace = { baseMs: 200, maxMs: 10_000 };
const BACKOFF = { baseMs: 5_000, maxMs: 300_000 };

interface Limit {
  /** Limits since the last answer. */
  count: number;
  /** Null once the wait is over. */
  timer: NodeJS.Timeout | null;
}

/**
 * @param onEnd - called when an agent may be called again.
 * @param shortest - the waits of a provider that asks for none.
 */
export function createAgentLimits(onEnd: () => void, shortest: LimitPace = SHORTEST): AgentLimits {
  const limits = new Map<string, Limit>();

  function add(agentId: string, retryAfterMs: number | null): number {
    const limit = limits.get(agentId) ?? { count: 0, timer: null };
    limits.set(agentId, limit);
    limit.count += 1;
    const ms = waitMs(limit.count, retryAfterMs, shortest);
    // If several calls were limited, the latest answer decides.
    if (limit.timer !== null) clearTimeout(limit.timer);
    limit.timer = setTimeout(() => {
      limit.timer = null;
      onEnd();
    }, ms).unref();
    return ms;
  }

  function remove(agentId: string): void {
    const timer = limits.get(agentId)?.timer ?? null;
    limits.delete(agentId);
    if (timer === null) return;
    clearTimeout(timer);
    onEnd();
  }

  return {
    note(agentId, ending) {
      if (ending?.outcome === 'ANSWERED') remove(agentId);
      if (ending?.outcome !== 'LIMITED') return ending;
      return { ...ending, retryAfterMs: add(agentId, ending.retryAfterMs) };
    },
    isLimited: (agentId) => (limits.get(agentId)?.timer ?? null) !== null,
  };
}

function waitMs(count: number, retryAfterMs: number | null, shortest: LimitPace): number {
  const pace = retryAfterMs === null ? BACKOFF : shortest;
  const ownMs = backoffMs({ ...pace, attempt: count, random: randomFraction() });
  return Math.min(Math.max(Math.ceil(retryAfterMs ?? 0), ownMs), LONGEST_MS);
}
