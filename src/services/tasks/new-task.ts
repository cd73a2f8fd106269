import type { DependencyFailurePolicy } from '../../domain/tasks/dependencies.js';
import type { NewTaskFields } from '../../domain/tasks/task-fields.js';
import type { AgentRef, TaskRef } from '../refs.js';

/** The input of a new task. */
export interface CreateTask extends NewTaskFields {
  readonly assignee?: AgentRef | null | undefined;
  readonly dependsOn?: readonly TaskRef[] | null | undefined;
  /** The name of this task for other tasks of the same call. */
  readonly key?: string | null | undefined;
  /** The keys of tasks of the same call that this one depends on. */
  readonly dependsOnKeys?: readonly string[] | null | undefined;
  readonly onDependencyFailure?: DependencyFailurePolicy | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}
