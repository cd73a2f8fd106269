/** What an item is about, and the facts that its text tells. `store/attention` reads them. */
export type AttentionDetails =
  | QuestionDetails
  | ReviewDetails
  | FailureDetails
  | StuckDetails
  | SilenceDetails
  | GatewayDetails
  | ScheduleDetails
  | WebhookDetails;

interface OfTask {
  readonly taskId: string;
  readonly ref: string;
  readonly title: string;
}

/** A question of an agent that no person has answered. */
export interface QuestionDetails extends OfTask {
  readonly kind: 'QUESTION';
  readonly questionId: string;
  readonly question: string;
  /** The name of the agent that asks. */
  readonly agent: string;
  /** Whether its deadline has passed. */
  readonly isLate: boolean;
}

/** A round that no reviewer judges. */
export interface ReviewDetails extends OfTask {
  readonly kind: 'REVIEW';
  /** The reviewer that gave the round up, and its last error; null if there is no reviewer. */
  readonly reviewer: string | null;
  readonly error: string | null;
}

/** A task that failed for good. */
export interface FailureDetails extends OfTask {
  readonly kind: 'TASK_FAILED';
  readonly reason: string;
  readonly detail: string | null;
}

/** A task that no agent can take. */
export interface StuckDetails extends OfTask {
  readonly kind: 'TASK_STUCK';
  /** Capabilities that no agent has, or that its assignee has not. */
  readonly lacking: readonly string[];
  /** Agents that could take it if they were there, each as `name: reason`. */
  readonly absent: readonly string[];
  /** Dependencies that ended without success, each as `TASK-1: FAILED`. */
  readonly blockers: readonly string[];
}

/** A silent agent that has work. */
export interface SilenceDetails {
  readonly kind: 'AGENT_SILENT';
  readonly agentId: string;
  readonly name: string;
  /** The refs of the tasks that it holds. */
  readonly holds: readonly string[];
  /** The number of tasks that wait for it. */
  readonly assigned: number;
  readonly hasCalled: boolean;
}

/** A gateway that takes no calls. */
export interface GatewayDetails {
  readonly kind: 'GATEWAY';
  readonly gateway: string;
  readonly state: 'UNREACHABLE' | 'BROKEN' | 'UNKNOWN';
  readonly error: string | null;
  readonly remedy: string | null;
}

/** A recurring task whose last due time created no task. */
export interface ScheduleDetails {
  readonly kind: 'SCHEDULE';
  readonly recurringTaskId: string;
  readonly name: string;
  /** Why the due time was skipped; null if it has passed and nothing has happened. */
  readonly reason: string | null;
}

/** A webhook that does not deliver. */
export interface WebhookDetails {
  readonly kind: 'WEBHOOK';
  readonly webhookId: string;
  /** The host of its address. The rest may contain credentials. */
  readonly host: string;
  /** Why the server paused it; null while it retries. */
  readonly pauseReason: string | null;
  readonly error: string | null;
}
