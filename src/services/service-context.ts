import type { Instrument } from '../kernel/instrument.js';
import type { Database } from '../store/database.js';
import type { ClaimQueue } from './claim-queue.js';

/** The settings that rules in services need. */
export interface ServiceSettings {
  /** Silent for longer, in milliseconds, means offline. */
  readonly agentTimeoutMs: number;
  /** How long a task may be IN_PROGRESS, in milliseconds, before an offline agent loses it. */
  readonly staleAfterMs: number;
  /** The name of the agent that reviews. */
  readonly coordinatorAgent: string;
  /** Events older than this, in milliseconds, are pruned. */
  readonly eventRetentionMs: number;
}

/** What every service function gets first: where to write, by which settings, and whom to tell. */
export interface ServiceContext {
  readonly database: Database;
  readonly settings: ServiceSettings;
  readonly instrument: Instrument;
  readonly claims: ClaimQueue;
}
