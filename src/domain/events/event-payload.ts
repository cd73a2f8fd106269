import { type EventPayload, type EventType, expandEventFilter } from './event-types.js';

interface PayloadField {
  readonly meaning: string;
  /** The events that may have the field, as words of an event filter. */
  readonly of: readonly string[];
}

/** The payload fields of events. The plain event stream sends a field only with the events listed here. */
export const PAYLOAD_FIELDS = {
  from: {
    meaning: 'The previous status.',
    of: ['task.status_changed', 'agent.status_changed', 'pipeline.finished', 'pipeline.resumed'],
  },
  to: {
    meaning: 'The new status.',
    of: [
      'task.created',
      'task.status_changed',
      'agent.status_changed',
      'pipeline.finished',
      'pipeline.resumed',
    ],
  },
  reason: {
    meaning: "The reason, if it is more specific than the event's name.",
    of: [
      'task.status_changed',
      'question',
      'review.requeued',
      'review.failed',
      'review.escalated',
      'recurring.skipped',
      'webhook.paused',
      'webhook.failing',
    ],
  },
  changedFields: {
    meaning: 'The names of the changed fields.',
    of: ['task.updated', 'agent.updated', 'recurring.updated', 'webhook.updated'],
  },
  assigneeId: {
    meaning: 'The new assignee; null is the inbox.',
    of: ['task.assigned'],
  },
  previousAssigneeId: {
    meaning: 'The previous assignee; null is the inbox.',
    of: ['task.assigned'],
  },
  dependencyId: {
    meaning: 'The task that ended without success. Left out if the key may not see that task.',
    of: ['task.dependency_failed'],
  },
  round: { meaning: 'The review round, starting at 1.', of: ['review'] },
  reviewRunId: { meaning: 'The review run that lost the round.', of: ['review.requeued'] },
  questionId: { meaning: 'The question.', of: ['question'] },
  message: {
    meaning:
      'A text for people: the progress that the agent reported, the change, or the beginning of the question or the comment.',
    of: ['run.progress', 'scheduler', 'recurring.removed', 'gateway', 'question.asked', 'comment.mentioned'],
  },
  percent: { meaning: 'The progress that the agent reported, from 0 to 100.', of: ['run.progress'] },
  pipelineId: {
    meaning: 'The pipeline.',
    of: ['pipeline.created', 'pipeline.updated', 'pipeline.removed', 'pipeline.started'],
  },
  gateway: { meaning: 'The name of the gateway.', of: ['gateway'] },
  webhookId: { meaning: 'The webhook.', of: ['webhook'] },
  itemId: { meaning: 'The id of the item.', of: ['attention'] },
  job: { meaning: 'The name of the job.', of: ['scheduler'] },
} as const satisfies Record<keyof EventPayload, PayloadField>;

/** The name of a payload field. */
export type PayloadFieldName = keyof typeof PAYLOAD_FIELDS;

const byType = new Map<string, PayloadFieldName[]>();
for (const name of Object.keys(PAYLOAD_FIELDS).filter(isPayloadField)) {
  for (const type of PAYLOAD_FIELDS[name].of.flatMap((word) => expandEventFilter(word) ?? []))
    byType.set(type, [...(byType.get(type) ?? []), name]);
}

/** The payload fields that an event of the type may have, in the order of the table. */
export function listPayloadFields(type: EventType): readonly PayloadFieldName[] {
  return byType.get(type) ?? [];
}

function isPayloadField(name: string): name is PayloadFieldName {
  return Object.hasOwn(PAYLOAD_FIELDS, name);
}
