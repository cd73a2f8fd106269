import type { Viewer } from '../domain/actor.js';
import type { TierModels } from '../domain/dispatch/model-routing.js';
import type { Gateway } from '../gateway/gateway.js';
import type { Clock } from '../kernel/clock.js';
import type { Instrument } from '../kernel/instrument.js';
import type { BatchQueue } from '../postgres/batch-queue.js';
import type { Database } from '../postgres/database.js';
import type { ReviewAnswer, ReviewRequest } from '../store/reviews/claim-reviews.js';
import type { JudgedTask, VerdictCall } from '../store/reviews/submit-verdicts.js';
import type { ClaimColumns, ClaimRequest, ClaimRow } from '../store/runs/claim-tasks.js';
import type { EndedRun, EndRunCall } from '../store/runs/end-runs.js';
import type { HandedIn, HandIn } from '../store/runs/end-runs-and-claim.js';
import type { HeartbeatColumns, HeartbeatRequest, HeartbeatRow } from '../store/runs/heartbeats.js';
import type { TaskRunRow } from '../store/runs/runs.js';
import type { UpdatedRun, UpdateRequest } from '../store/runs/update-runs.js';
import type { AddedComment, CommentToAdd } from '../store/tasks/add-comments.js';
import type { CreatedTask, TaskCreation } from '../store/tasks/create-tasks.js';
import type { TaskRow } from '../store/tasks/tasks.js';
import type { WebhookSender } from '../webhooks/http-sender.js';
import type { QuotaSettings, Quotas } from './quotas.js';
import type { AgentRef } from './refs.js';

/** The settings that services use. */
export interface ServiceSettings {
  /** An agent that has not called for longer than this, in milliseconds, is offline. */
  readonly agentTimeoutMs: number;
  /** How long a task may be IN_PROGRESS, in milliseconds, before it is taken from an offline agent. */
  readonly staleAfterMs: number;
  /** The name of the agent that reviews. */
  readonly coordinatorAgent: string;
  /** Events older than this, in milliseconds, are pruned. */
  readonly eventRetentionMs: number;
  readonly models: TierModels;
  /** The gateway of PUSH agents whose config has none. */
  readonly defaultGateway: string | null;
  /** The gateways for which settings are given. Others of this process work without settings. */
  readonly configuredGateways: readonly string[];
  readonly dispatch: DispatchSettings;
  readonly quotas: QuotaSettings;
}

export interface DispatchSettings {
  /** The maximum number of concurrent dispatched runs in this process. */
  readonly concurrency: number;
  /** The time limit of a run, in milliseconds, if the config of its agent has none. */
  readonly timeoutMs: number;
  /** The wait after the first failed attempt, in milliseconds. */
  readonly backoffMs: number;
}

/** The scheduler of this process. `runOnce` works even if this process runs no jobs periodically. */
export interface JobRunner {
  readonly names: readonly string[];
  /** The fallback interval of the job, in milliseconds. */
  everyMs(name: string): number;
  /**
   * Milliseconds until this process runs the job next unless it is woken earlier; null while it runs or if this process runs
   * no jobs.
   */
  nextRunInMs(name: string): number | null;
  /** Runs the job once now, even if it is paused, and returns the number of objects it changed. Rejects if the run fails. */
  runOnce(name: string): Promise<number>;
}

/** Finds the id of the agent that a viewer acts for, in nearly all cases from a cache. */
export interface AgentIds {
  /** @throws {Refusal} as `getActingAgent` does. */
  idOf(viewer: Viewer, ref: AgentRef | null | undefined): Promise<string>;
}

/** The outcome of a claim. Task and run are non-null exactly for ASSIGNED and CONTINUE_CURRENT. */
export interface Claim {
  readonly reason: Exclude<ClaimRow['reason'], 'AGENT_LOCKED'>;
  readonly task: TaskRow | null;
  readonly run: TaskRunRow | null;
}

export interface ClaimQueue {
  /** Claims a task. The returned rows have at least the given columns; all columns if none are given. */
  claim(request: Omit<ClaimRequest, 'runId'>, columns?: ClaimColumns): Promise<Claim>;
  /** Stops the queue: pending claims are answered, later ones are refused. */
  close(): Promise<void>;
}

/** The queues of the calls of agents that are served in batches. They share the connection for claims and take turns on it. */
export interface Batches {
  /** createTask. The outcomes are those of the tasks of the call. */
  readonly creations: BatchQueue<TaskCreation, CreatedTask[] | null>;
  /** heartbeat. Null for an agent whose row or runs another transaction has locked. */
  readonly heartbeats: BatchQueue<
    HeartbeatRequest & { readonly columns: HeartbeatColumns },
    HeartbeatRow | null
  >;
  /** renewLease and reportProgress. Null for a run that can't be updated at once. */
  readonly runUpdates: BatchQueue<UpdateRequest, UpdatedRun | null>;
  /**
   * completeTask, failTask and releaseTask for a run. Null if nothing has changed and the call needs a transaction of its
   * own.
   */
  readonly runEnds: BatchQueue<EndRunCall, EndedRun | null>;
  /** addComment. Null for a comment that has to be looked at by itself. */
  readonly comments: BatchQueue<CommentToAdd, AddedComment | null>;
  /** submitVerdict. Null if nothing has changed and the verdict needs a transaction of its own. */
  readonly verdicts: BatchQueue<VerdictCall, JudgedTask | null>;
  /** claimNextReview. Null if nothing has changed and the claim needs a transaction of its own. */
  readonly reviewClaims: BatchQueue<ReviewRequest, ReviewAnswer | null>;
  /** completeTask with the claim that follows it. Null as for `runEnds`; then nothing was claimed either. */
  readonly handIns: BatchQueue<HandIn & { readonly columns: ClaimColumns }, HandedIn | null>;
  /** Stops the queues: calls that wait are answered, later ones are refused. */
  close(): Promise<void>;
}

/** Lets claims wait for work without polling the database. */
export interface ClaimWaiters {
  /** Starts listening for work for this agent. Announcements count from now on, even before `wait` is called. */
  watch(agentId: string): ClaimWaiter;
  /** Announces work for this agent. With null, any agent may do the work, and one waiting claim is woken. */
  announce(agentId: string | null): void;
  /** Wakes all waiting claims, because the server stops or announcements may have been lost. */
  wakeAll(): void;
}

export interface ClaimWaiter {
  /**
   * Resolves when work was announced since the last call, `ms` have passed, or the signal is aborted.
   * @returns whether work was announced.
   */
  wait(ms: number, signal: AbortSignal): Promise<boolean>;
  /** The last announcement is for another agent: wakes the next watcher that has not queried since, if there is one. */
  passOn(): void;
  /**
   * Stops listening. An announcement since the last `wait` passes to the next waiter. With `unused`, so does the
   * announcement that the last `wait` returned, because this waiter could not query for the work.
   */
  end(unused: boolean): void;
}

/** The first argument of every service function: the database, the settings and the process-wide collaborators. */
export interface ServiceContext {
  readonly database: Database;
  readonly settings: ServiceSettings;
  readonly instrument: Instrument;
  /** The clock for waits inside this process. Stored instants come from the database clock. */
  readonly clock: Clock;
  readonly agentIds: AgentIds;
  readonly quotas: Quotas;
  readonly claims: ClaimQueue;
  readonly batches: Batches;
  readonly claimWaiters: ClaimWaiters;
  /** Lets review claims wait for review rounds. */
  readonly reviewWaiters: ClaimWaiters;
  readonly jobs: JobRunner;
  /** The way to the receivers of webhooks. */
  readonly webhooks: WebhookSender;
  /** The gateways that are configured for this process, by name. */
  readonly gateways: ReadonlyMap<string, Gateway>;
  /** Drops a changed key from the cache of this process. Other processes drop it when they receive the event. */
  readonly forgetKey: (keyId: string) => void;
  /** Whether the server is stopping, so that waits must end. */
  stopping(): boolean;
}
