/**
 * What schema.prisma can't say, or says on purpose differently from the database; by name, so that nothing else passes
 * for it. A new migration leaves these alone, and a test holds the lists against the migrated database.
 */
export const handWritten = {
  /** Partial indexes, indexes on expressions, and others that only the migrations name. */
  indexes: [
    'events_pipeline_run_idx',
    'pipelines_name_key',
    'quality_reviews_one_per_round',
    'recurring_tasks_due_idx',
    'review_runs_idempotency_key_key',
    'review_runs_one_open',
    'review_runs_open_by_agent',
    'review_runs_open_lease',
    'review_runs_retry_idx',
    'task_runs_idempotency_key_key',
    'task_runs_one_open',
    'task_runs_open_by_agent',
    'task_runs_open_dispatched',
    'task_runs_open_lease',
    'tasks_assigned_later',
    'tasks_assigned_queue',
    'tasks_inbox_later',
    'tasks_inbox_queue',
    'tasks_not_before_idx',
    'tasks_pipeline_step_key',
    'tasks_recurring_created_idx',
    'tasks_recurring_due_key',
    'tasks_recurring_open_idx',
    'tasks_review_queue',
  ],
  /**
   * Relations of schema.prisma without a foreign key: an event is inserted with every change and must stay cheap, and a
   * recurring task is removed without a look at its tasks.
   */
  missingForeignKeys: [
    'events_actor_agent_id_fkey',
    'events_actor_key_id_fkey',
    'events_agent_id_fkey',
    'events_comment_id_fkey',
    'events_key_id_fkey',
    'events_review_id_fkey',
    'events_run_id_fkey',
    'events_task_id_fkey',
    'tasks_recurring_task_id_fkey',
  ],
};
