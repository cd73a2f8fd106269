import type { NewEvent } from '../domain/events/event-types.js';
import { type Executor, query } from './statement.js';

/**
 * Writes events in the given order, to the outbox of the log. Runs inside the transaction of the change, so the log holds an
 * event exactly if its change was committed. It must be the last statement before the commit: number_events orders the log by
 * the ids that are drawn here, and an id that is drawn before a lock is awaited would put an effect before its cause.
 */
export async function appendEvents(executor: Executor, events: readonly NewEvent[]): Promise<void> {
  await query(executor, {
    name: 'append_events',
    text: `INSERT INTO event_outbox (type, actor_key_id, actor_agent_id, task_id, agent_id, run_id, review_id, comment_id, key_id,
        recurring_task_id, pipeline_run_id, payload)
      SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
        $11::text[], $12::jsonb[])`,
    values: [
      events.map((event) => event.type),
      events.map((event) => event.actor.keyId),
      events.map((event) => event.actor.agentId),
      events.map((event) => event.taskId ?? null),
      events.map((event) => event.agentId ?? null),
      events.map((event) => event.runId ?? null),
      events.map((event) => event.reviewId ?? null),
      events.map((event) => event.commentId ?? null),
      events.map((event) => event.keyId ?? null),
      events.map((event) => event.recurringTaskId ?? null),
      events.map((event) => event.pipelineRunId ?? null),
      events.map((event) => JSON.stringify(event.payload ?? {})),
    ],
  });
}
