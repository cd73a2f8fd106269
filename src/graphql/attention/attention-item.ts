import { hasRole } from '../../domain/actor.js';
import {
  ATTENTION_KINDS,
  type AttentionKind,
  SEVERITIES,
  type Severity,
  severityOf,
} from '../../domain/attention/attention.js';
import type { AttentionDetails } from '../../domain/attention/attention-details.js';
import { describeAttention, describeMissing } from '../../domain/attention/attention-text.js';
import { type AttentionRow, findItem } from '../../services/attention/read-attention.js';
import { probeGateways } from '../../services/dispatch/probe-gateways.js';
import { findWebhookById } from '../../services/webhooks/read-webhooks.js';
import { AgentType } from '../agents/agent.js';
import { defineConnection } from '../base/connection.js';
import { NodeInterface, registerNode } from '../base/node.js';
import { loadAgent, loadRecurringTask, loadRow, loadTask } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { GatewayType } from '../dispatch/gateway.js';
import { ActorInterface, loadActor } from '../events/actor.js';
import { QuestionType } from '../questions/question.js';
import { RecurringTaskType } from '../recurring/recurring-task.js';
import { TaskType } from '../tasks/task.js';
import { WebhookType } from '../webhooks/webhook.js';

const KINDS: Record<AttentionKind, string> = {
  QUESTION: 'An agent waits for an answer of a person.',
  REVIEW: 'Finished work waits for a verdict, and no reviewer is available or the reviewer gave up.',
  TASK_FAILED: 'A task failed for good. The item vanishes when the task is retried or acknowledged.',
  TASK_STUCK:
    'A task waits and no agent can take it: capabilities, agents or dependencies are missing. See `missing`.',
  AGENT_SILENT: 'An agent is OFFLINE and holds tasks, or tasks wait for it.',
  GATEWAY: 'A gateway is unreachable, refuses every call, or does not exist.',
  SCHEDULE: 'The latest due time of a recurring task created no task.',
  WEBHOOK: 'Deliveries of a webhook fail, or the server has paused it.',
};

const SEVERITY_MEANINGS: Record<Severity, string> = {
  CRITICAL: 'Work stands still until a person acts.',
  WARNING: 'A person has to decide, or it gets worse.',
  NOTICE: 'Worth knowing. It may pass by itself.',
};

function described<Name extends string>(meanings: Record<Name, string>, names: readonly Name[]) {
  return Object.fromEntries(names.map((name) => [name, { description: meanings[name] }])) as Record<
    Name,
    { description: string }
  >;
}

export const AttentionKindEnum = builder.enumType('AttentionKind', {
  description: 'What a person may have to look at.',
  values: described(KINDS, ATTENTION_KINDS),
});

export const SeverityEnum = builder.enumType('Severity', {
  description: 'How urgent something is.',
  values: described(SEVERITY_MEANINGS, SEVERITIES),
});

export const AttentionItemType = builder.objectRef<AttentionRow>('AttentionItem').implement({
  description:
    'Something that a person has to look at. It is computed from the state: it appears with its cause and vanishes with it.',
  interfaces: [NodeInterface],
  fields: (t) => ({
    kind: t.expose('kind', { type: AttentionKindEnum, description: 'What it is.' }),
    severity: t.field({
      type: SeverityEnum,
      description: 'How urgent it is.',
      resolve: ({ weight }) => severityOf(weight),
    }),
    since: t.expose('since', { type: 'DateTime', description: 'When it began.' }),
    text: t.string({
      description: 'One line for people: what it is about, and the reason.',
      resolve: ({ details }) => describeAttention(details),
    }),
    missing: t.stringList({
      description:
        'For TASK_STUCK: what keeps agents from the task, such as a capability that no agent has, an agent that is not there, or a dependency that failed. Otherwise empty.',
      resolve: ({ details }) => (details.kind === 'TASK_STUCK' ? describeMissing(details) : []),
    }),
    task: t.field({
      type: TaskType,
      nullable: true,
      description: 'The task that it is about, if any.',
      resolve: ({ details }, _args, context, info) =>
        'taskId' in details ? loadTask(context, info, details.taskId) : null,
    }),
    agent: t.field({
      type: AgentType,
      nullable: true,
      description: 'The agent that it is about, for AGENT_SILENT.',
      resolve: ({ details }, _args, context, info) =>
        details.kind === 'AGENT_SILENT' ? loadAgent(context, info, details.agentId) : null,
    }),
    question: t.field({
      type: QuestionType,
      nullable: true,
      description: 'The question that waits for an answer, for QUESTION.',
      resolve: ({ details }, _args, context) =>
        details.kind === 'QUESTION' ? loadRow(context, 'Question', details.questionId) : null,
    }),
    gateway: t.field({
      type: GatewayType,
      nullable: true,
      description: 'The gateway that it is about, probed now; for GATEWAY.',
      resolve: ({ details }, _args, { services }) => findGateway(details, () => probeGateways(services)),
    }),
    recurringTask: t.field({
      type: RecurringTaskType,
      nullable: true,
      description: 'The recurring task that it is about, for SCHEDULE.',
      resolve: ({ details }, _args, context) =>
        details.kind === 'SCHEDULE' ? loadRecurringTask(context, details.recurringTaskId) : null,
    }),
    webhook: t.field({
      type: WebhookType,
      nullable: true,
      description: 'The webhook that it is about, for WEBHOOK. Null for keys below OPERATOR.',
      resolve: ({ details }, _args, { services, viewer }) =>
        details.kind === 'WEBHOOK' && hasRole(viewer, 'OPERATOR')
          ? findWebhookById(services, details.webhookId)
          : null,
    }),
    acknowledgedAt: t.expose('acknowledgedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was acknowledged; null if it was not, and again after it has changed.',
    }),
    acknowledgedBy: t.field({
      type: ActorInterface,
      nullable: true,
      description: 'Who acknowledged it.',
      resolve: ({ acknowledgedByKeyId }, _args, context, info) =>
        acknowledgedByKeyId === null ? null : loadActor(context, info, acknowledgedByKeyId, null),
    }),
  }),
});

export const AttentionConnection = defineConnection<AttentionRow>('Attention', AttentionItemType);

registerNode('att', 'AttentionItem', async (context, _info, id) =>
  context.viewer.agentId === null ? findItem(context.services, id) : null,
);

async function findGateway<Found extends { readonly name: string }>(
  details: AttentionDetails,
  list: () => Promise<readonly Found[]>,
): Promise<Found | null> {
  if (details.kind !== 'GATEWAY') return null;
  return (await list()).find(({ name }) => name === details.gateway) ?? null;
}
