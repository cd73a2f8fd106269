export const AGENT_STATUSES = ['OFFLINE', 'IDLE', 'BUSY', 'PAUSED', 'ERROR'] as const;
export type AgentStatus = (typeof AGENT_STATUSES)[number];

/** What is known of an agent; its status follows from this and is never claimed. */
export interface AgentFacts {
  readonly pausedAt: Date | null;
  readonly errorAt: Date | null;
  readonly lastSeenAt: Date | null;
  /** Whether it holds at least one lease, on a task or on a review, that has not ended. */
  readonly hasLiveLease: boolean;
}

/**
 * The first that holds: PAUSED by an operator, ERROR since its gateway refuses it for good, OFFLINE because it was
 * never seen or is silent for longer than `agentTimeoutMs`, BUSY with a live lease, else IDLE.
 */
export function deriveAgentStatus(facts: AgentFacts, now: Date, agentTimeoutMs: number): AgentStatus {
  if (facts.pausedAt !== null) return 'PAUSED';
  if (facts.errorAt !== null) return 'ERROR';
  if (isSilent(facts.lastSeenAt, now, agentTimeoutMs)) return 'OFFLINE';
  return facts.hasLiveLease ? 'BUSY' : 'IDLE';
}

/** Never seen, or not for longer than `agentTimeoutMs`. */
export function isSilent(lastSeenAt: Date | null, now: Date, agentTimeoutMs: number): boolean {
  return lastSeenAt === null || now.getTime() - lastSeenAt.getTime() > agentTimeoutMs;
}
