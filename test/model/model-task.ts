import type { DependencyFailurePolicy } from '../../src/domain/tasks/dependencies.js';
import type { TaskStatus } from '../../src/domain/tasks/task-status.js';
import type { TaskRow } from '../../src/store/tasks/tasks.js';

/** A task of the model. Agents, tasks and runs are numbers: their places in the order of creation. */
export interface ModelTask {
  readonly number: bigint;
  readonly createdAt: Date;
  priority: TaskRow['priority'];
  dueAt: Date | null;
  reviewPolicy: TaskRow['reviewPolicy'];
  readonly onDependencyFailure: DependencyFailurePolicy;
  status: TaskStatus;
  assignee: number | null;
  /** Whether the assignee was named. */
  pinned: boolean;
  /** The agents that have released it to the inbox since work on it last succeeded. */
  readonly releasedBy: Set<number>;
  run: number | null;
  version: number;
  attempts: number;
  cycles: number;
  round: number;
  comments: number;
  /** The state of its last question; null without one. */
  question: 'OPEN' | 'ANSWERED' | 'CLOSED' | null;
  /** All dependencies, and those of them that still hold the task back. */
  readonly dependsOn: Set<number>;
  readonly waitsFor: Set<number>;
  readonly workers: Set<number>;
}

export interface NewModelTask {
  readonly priority: TaskRow['priority'];
  readonly dueAt: Date | null;
  readonly reviewPolicy: TaskRow['reviewPolicy'];
  readonly onDependencyFailure: DependencyFailurePolicy;
  readonly assignee: number | null;
  readonly dependsOn: readonly number[];
}

/** A run of the model. */
export interface ModelRun {
  readonly task: number;
  readonly agent: number;
  /** The verb by which its holder ended it. */
  endedBy: 'complete' | 'fail' | 'release' | 'ask' | null;
}

/** The statuses that end a task. */
export const ENDED: readonly TaskStatus[] = ['DONE', 'FAILED', 'CANCELLED'];
