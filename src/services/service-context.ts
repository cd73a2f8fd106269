import type { Viewer } from '../domain/actor.js';
import type { TierModels } from '../domain/dispatch/model-routing.js';
import type { Gateway } from '../gateway/gateway.js';
import type { Clock } from '../kernel/clock.js';
import type { Instrument } from '../kernel/instrument.js';
import type { Database } from '../postgres/database.js';
import type { ClaimColumns, ClaimRequest, ClaimRow } from '../store/runs/claim-tasks.js';
import type { TaskRunRow } from '../store/runs/runs.js';
import type { TaskRow } from '../store/tasks/tasks.js';
import type { AgentRef } from './refs.js';

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
  readonly models: TierModels;
  /** The gateway of PUSH agents that name none. */
  readonly defaultGateway: string | null;
  readonly dispatch: DispatchSettings;
}

export interface DispatchSettings {
  /** Dispatched runs at a time in this process. */
  readonly concurrency: number;
  /** The time limit of a run whose agent has none of its own, in milliseconds. */
  readonly timeoutMs: number;
  /** The wait after the first failed attempt, in milliseconds. */
  readonly backoffMs: number;
}

/** The scheduler of this process, as services see it. Its jobs can be run here also where it runs none by itself. */
export interface JobRunner {
  readonly names: readonly string[];
  /** The fallback interval of the job, in milliseconds. */
  everyMs(name: string): number;
  /** When this process will run it, if nothing wakes it earlier; null while it runs or if this process runs no jobs. */
  nextRunAt(name: string): Date | null;
  /** Takes one turn now, also of a paused job, and says how many things it handled. Rejects with what the turn failed with. */
  runOnce(name: string): Promise<number>;
}

/** Finds the id of the agent that a viewer acts for, nearly always without asking the database. */
export interface AgentIds {
  /** Refuses as `getActingAgent` does. */
  idOf(viewer: Viewer, ref: AgentRef | null | undefined): Promise<string>;
}

/** What a claim came to. Task and run stand beside ASSIGNED and CONTINUE_CURRENT and nowhere else. */
export interface Claim {
  readonly reason: Exclude<ClaimRow['reason'], 'AGENT_LOCKED'>;
  readonly task: TaskRow | null;
  readonly run: TaskRunRow | null;
}

export interface ClaimQueue {
  /** The rows of the answer have the columns that are asked for, and maybe more; all if nothing is said. */
  claim(request: Omit<ClaimRequest, 'runId'>, columns?: ClaimColumns): Promise<Claim>;
  /** Stops: what is under way is answered, what comes later is refused. */
  close(): Promise<void>;
}

/** Lets claims wait for work without asking the database again and again. */
export interface ClaimWaiters {
  /** Begins to listen for work for this agent. What comes from now on is noticed, also before `wait` is called. */
  watch(agentId: string): ClaimWaiter;
  /** There is work for this agent, or, with null, for anybody: then one waiting claim is woken for it. */
  announce(agentId: string | null): void;
  /** Wakes everybody: the server stops, or nobody knows what was missed. */
  wakeAll(): void;
}

export interface ClaimWaiter {
  /**
   * Resolves when work was announced since the last call, `ms` have passed, or the signal is aborted.
   * @returns whether work was announced.
   */
  wait(ms: number, signal: AbortSignal): Promise<boolean>;
  /**
   * Stops watching. An announcement that came after the last wait goes to the next watcher; so does the one before, if it
   * is `unused`: this watcher could not even look for the work.
   */
  end(unused: boolean): void;
}

/** What every service function gets first: where to write, by which settings, and whom to tell. */
export interface ServiceContext {
  readonly database: Database;
  readonly settings: ServiceSettings;
  readonly instrument: Instrument;
  /** For waits inside this process; what is stored gets its instants from the database. */
  readonly clock: Clock;
  readonly agentIds: AgentIds;
  readonly claims: ClaimQueue;
  readonly claimWaiters: ClaimWaiters;
  /** The same for rounds that wait for a reviewer. */
  readonly reviewWaiters: ClaimWaiters;
  readonly jobs: JobRunner;
  /** The ways to agents that this process is configured for, by the name with which an agent asks for one. */
  readonly gateways: ReadonlyMap<string, Gateway>;
  /** Makes this process ask the database about a key again, as it changed just now; other processes hear of it by event. */
  readonly forgetKey: (keyId: string) => void;
  /** Whether the server is stopping, so that nobody goes on waiting. */
  stopping(): boolean;
}
