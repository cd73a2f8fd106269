import { type EventPayload, type EventType, expandEventFilter } from './event-types.js';

interface PayloadField {
  readonly meaning: string;
  /** The events that may carry it, in the words of an event filter. */
  readonly of: readonly string[];
}

/** What an event may say beyond ids. The plain event stream sends a field with these events only. */
export const PAYLOAD_FIELDS = {
  from: {
    meaning: 'The status before.',
    of: ['task.status_changed', 'agent.status_changed', 'pipeline.finished', 'pipeline.resumed'],
  },
  to: {
    meaning: 'The status from then on.',
    of: [
      'task.created',
      'task.status_changed',
      'agent.status_changed',
      'pipeline.finished',
      'pipeline.resumed',
    ],
  },
  reason: {
    meaning: 'Why, where there is more to say than the name of the event does.',
    of: ['task.status_changed', 'review.requeued', 'review.failed', 'review.escalated', 'recurring.skipped'],
  },
  changedFields: {
    meaning: 'The names of the fields that have new values.',
    of: ['task.updated', 'agent.updated', 'recurring.updated'],
  },
  assigneeId: {
    meaning: 'The agent that has the task from then on; null is the inbox.',
    of: ['task.assigned'],
  },
  previousAssigneeId: {
    meaning: 'The agent that had the task before; null is the inbox.',
    of: ['task.assigned'],
  },
  dependencyId: {
    meaning: 'The task that ended without success. Left out where the key may not see that task.',
    of: ['task.dependency_failed'],
  },
  round: { meaning: 'Which hand-in it is about, from 1.', of: ['review'] },
  message: {
    meaning: 'What the agent reported, or what was done, for people.',
    of: ['run.progress', 'scheduler', 'recurring.removed'],
  },
  percent: { meaning: 'How far the agent says it is, from 0 to 100.', of: ['run.progress'] },
  pipelineId: {
    meaning: 'The pipeline.',
    of: ['pipeline.created', 'pipeline.updated', 'pipeline.removed', 'pipeline.started'],
  },
  job: { meaning: 'The name of the job.', of: ['scheduler'] },
} as const satisfies Record<keyof EventPayload, PayloadField>;

export type PayloadFieldName = keyof typeof PAYLOAD_FIELDS;

const byType = new Map<string, PayloadFieldName[]>();
for (const name of Object.keys(PAYLOAD_FIELDS).filter(isPayloadField)) {
  for (const type of PAYLOAD_FIELDS[name].of.flatMap((word) => expandEventFilter(word) ?? []))
    byType.set(type, [...(byType.get(type) ?? []), name]);
}

/** The payload fields that an event of the type may carry, in the order of the table. */
export function listPayloadFields(type: EventType): readonly PayloadFieldName[] {
  return byType.get(type) ?? [];
}

function isPayloadField(name: string): name is PayloadFieldName {
  return Object.hasOwn(PAYLOAD_FIELDS, name);
}
