/** The statuses of an agent. */
export const AGENT_STATUSES = ['OFFLINE', 'IDLE', 'BUSY', 'PAUSED', 'ERROR'] as const;

/** The status of an agent. */
export type AgentStatus = (typeof AGENT_STATUSES)[number];

/** The facts from which an agent's status is derived. An agent never reports its status itself. */
export interface AgentFacts {
  readonly pausedAt: Date | null;
  readonly errorAt: Date | null;
  readonly lastSeenAt: Date | null;
  /** Whether it holds at least one lease, of a task or of a review, that has not ended. */
  readonly hasLiveLease: boolean;
}

/**
 * Derives an agent's status, which is the first that applies: PAUSED by an operator, ERROR because its gateway
 * permanently refuses it, OFFLINE because it was never seen or has made no call for longer than `agentTimeoutMs`, BUSY
 * with a live lease, otherwise IDLE.
 */
export function deriveAgentStatus(facts: AgentFacts, now: Date, agentTimeoutMs: number): AgentStatus {
  if (facts.pausedAt !== null) return 'PAUSED';
  if (facts.errorAt !== null) return 'ERROR';
  if (isSilent(facts.lastSeenAt, now, agentTimeoutMs)) return 'OFFLINE';
  return facts.hasLiveLease ? 'BUSY' : 'IDLE';
}

/** Whether the agent was never seen, or has made no call for longer than `agentTimeoutMs`. */
export function isSilent(lastSeenAt: Date | null, now: Date, agentTimeoutMs: number): boolean {
  return lastSeenAt === null || now.getTime() - lastSeenAt.getTime() > agentTimeoutMs;
}
