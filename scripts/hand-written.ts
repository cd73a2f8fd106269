/**
 * Differences between schema.prisma and the database that are intended, by name. schema.prisma can't express them, or differs
 * on purpose. A new migration does not touch them, and a test compares the lists with the migrated database.
 */
export const handWritten = {
  /** Partial indexes, indexes on expressions, and others that are only in the migrations. */
  indexes: [
    'events_former_id_key',
    'events_pipeline_run_idx',
    'pipelines_name_key',
    'quality_reviews_one_per_round',
    'recurring_tasks_due_idx',
    'review_runs_idempotency_key_key',
    'review_runs_one_open',
    'review_runs_open_by_agent',
    'review_runs_open_lease',
    'review_runs_lost_by_agent',
    'review_runs_retry_idx',
    'task_runs_idempotency_key_key',
    'task_runs_one_open',
    'task_runs_open_by_agent',
    'task_runs_open_dispatched',
    'task_runs_open_lease',
    'tasks_assigned_later',
    'tasks_assigned_queue',
    'tasks_assigned_unpinned',
    'tasks_backoff_idx',
    'tasks_failed_idx',
    'tasks_held_back_idx',
    'tasks_inbox_later',
    'tasks_inbox_queue',
    'tasks_not_before_idx',
    'tasks_open_by_creator',
    'tasks_pipeline_step_key',
    'tasks_recurring_created_idx',
    'tasks_recurring_due_key',
    'tasks_recurring_open_idx',
    'tasks_review_queue',
    'tasks_waiting_tags',
    'events_actor_idx',
    'events_agent_idx',
    'events_type_idx',
    'tasks_blocked_idx',
    'tasks_due_idx',
    'tasks_ended_tags',
    'tasks_pinned_idx',
    'tasks_queue_order_idx',
    'tasks_requires_idx',
    'tasks_unassigned_idx',
    'tasks_ended_idx',
  ],
  /**
   * Relations of schema.prisma without a foreign key. An event is inserted with every change, so its insert must be cheap. A
   * recurring task is deleted without reading its tasks.
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
