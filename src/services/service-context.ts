import type { Clock } from '../kernel/clock.js';
import type { Instrument } from '../kernel/instrument.js';
import type { Database } from '../store/database.js';
import type { ClaimQueue } from './claim-queue.js';
import type { WorkWatch } from './work-watch.js';

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
  /** For waits inside this process; what is stored gets its instants from the database. */
  readonly clock: Clock;
  readonly claims: ClaimQueue;
  readonly work: WorkWatch;
  /** Whether the server is stopping, so that nobody goes on waiting. */
  stopping(): boolean;
}
