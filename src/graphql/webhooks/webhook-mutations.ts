import type { GraphQLSchema } from 'graphql';
import { isTypeVisible } from '../../domain/events/event-visibility.js';
import { Refusal } from '../../domain/refusals.js';
import type { WebhookFilter } from '../../domain/webhooks/webhook.js';
import {
  createWebhook,
  pauseWebhook,
  removeWebhook,
  replayWebhook,
  resumeWebhook,
  rotateWebhookSecret,
  updateWebhook,
  type WebhookRow,
  type WebhookWithSecret,
} from '../../services/webhooks/edit-webhooks.js';
import { type PingResult, pingWebhook } from '../../services/webhooks/ping-webhook.js';
import { findPositionBefore } from '../../services/webhooks/read-webhooks.js';
import { answer, DeletePayload, payloadType } from '../base/payloads.js';
import { badUserInput, forbidden } from '../base/protocol-errors.js';
import { builder } from '../builder.js';
import type { GraphqlContext } from '../context.js';
import { checkEventDocument } from '../events/event-document.js';
import { EventFilterInput, type EventFilterShape, parseEventFilter } from '../events/event-filter.js';
import { toStreamError } from '../events/stream-errors.js';
import { WebhookFormatEnum, WebhookType } from './webhook.js';

const CreateWebhookInput = builder.inputType('CreateWebhookInput', {
  description: 'A new webhook.',
  fields: (t) => ({
    url: t.string({
      required: true,
      description:
        'The address, which gets a POST for each event. It must be public, unless the server allows private addresses.',
    }),
    filter: t.field({
      type: EventFilterInput,
      description: 'Which events; all that the key may see if unset.',
    }),
    document: t.string({
      description:
        'A document of the form `subscription { events { … } }`. The body is then its result for each event, with the rights of this key.',
    }),
    format: t.field({ type: WebhookFormatEnum, defaultValue: 'STANDARD', description: 'What it sends.' }),
    secret: t.string({
      description: 'The secret that signs: `whsec_` and 24 to 64 bytes in base64. Generated if unset.',
    }),
    after: t.field({
      type: 'Cursor',
      description: 'Deliver all events after this one; if unset, from now on.',
    }),
  }),
});

const UpdateWebhookInput = builder.inputType('UpdateWebhookInput', {
  description: 'Changes of a webhook. A field that is left out stays.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The id of the webhook: whk_…' }),
    url: t.string({ description: 'The new address.' }),
    filter: t.field({ type: EventFilterInput, description: 'The new filter, as a whole.' }),
    document: t.string({ description: 'The new document; null sends the plain event again.' }),
    format: t.field({ type: WebhookFormatEnum, description: 'The new format.' }),
  }),
});

const ReplayWebhookInput = builder.inputType('ReplayWebhookInput', {
  description: 'Where to deliver again from: exactly one of the two.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The id of the webhook: whk_…' }),
    after: t.field({ type: 'Cursor', description: 'All events after this one.' }),
    since: t.field({ type: 'DateTime', description: 'All events from this time on.' }),
  }),
});

const WebhookPayload = payloadType<WebhookRow>('WebhookPayload', 'The answer of a mutation of one webhook.');
builder.objectFields(WebhookPayload, (t) => ({
  webhook: t.field({
    type: WebhookType,
    nullable: true,
    description: 'The current webhook; null if the mutation was refused.',
    resolve: ({ result }) => result,
  }),
}));

const CreateWebhookPayload = payloadType<WebhookWithSecret>(
  'CreateWebhookPayload',
  'A webhook with its secret.',
);
builder.objectFields(CreateWebhookPayload, (t) => ({
  webhook: t.field({
    type: WebhookType,
    nullable: true,
    description: 'The webhook; null if the mutation was refused.',
    resolve: ({ result }) => result?.webhook,
  }),
  secret: t.string({
    nullable: true,
    description: 'The secret that signs its deliveries. It is shown only in this answer.',
    resolve: ({ result }) => result?.secret,
  }),
}));

const PingWebhookPayload = payloadType<PingResult>(
  'PingWebhookPayload',
  'The answer of a receiver to a ping.',
);
builder.objectFields(PingWebhookPayload, (t) => ({
  webhook: t.field({
    type: WebhookType,
    nullable: true,
    description: 'The webhook, which a ping does not change; null if the mutation was refused.',
    resolve: ({ result }) => result?.webhook,
  }),
  status: t.int({
    nullable: true,
    description: 'The status of the answer; null if there was none.',
    resolve: ({ result }) => result?.status,
  }),
  durationMs: t.int({
    nullable: true,
    description: 'The time until the answer, in milliseconds.',
    resolve: ({ result }) => result?.durationMs,
  }),
  error: t.string({
    nullable: true,
    description: 'Why the receiver has not accepted it; null if it has.',
    resolve: ({ result }) => result?.error,
  }),
  answer: t.string({
    nullable: true,
    description: 'The first 512 bytes of the answer.',
    resolve: ({ result }) => result?.answer,
  }),
}));

const idArg = 'The id of the webhook: whk_…';

builder.mutationFields((t) => ({
  createWebhook: t.field({
    type: CreateWebhookPayload,
    authScopes: { operator: true },
    description:
      'Sends the events of the log to an address: in order, at least once, signed, with the rights of this key. Only this answer contains the secret.',
    args: { input: t.arg({ type: CreateWebhookInput, required: true, description: 'The webhook.' }) },
    resolve: async (_root, { input }, context, { schema }) => {
      const { services, viewer } = context;
      const { after, filter, ...rest } = input;
      const chosen = await parseFilter(context, filter);
      return answer(
        (async () => {
          checkDocument(schema, input.document);
          const position = after == null ? null : await locate(context, after);
          return createWebhook(services, viewer, { ...rest, filter: chosen, position });
        })(),
      );
    },
  }),
  updateWebhook: t.field({
    type: WebhookPayload,
    authScopes: { operator: true },
    description: 'Changes a webhook from the next event on. It keeps the rights of the key that made it.',
    args: { input: t.arg({ type: UpdateWebhookInput, required: true, description: 'The changes.' }) },
    resolve: async (_root, { input }, context, { schema }) => {
      const { filter, ...rest } = input;
      const chosen = filter == null ? undefined : await parseFilter(context, filter);
      return answer(
        (async () => {
          checkDocument(schema, input.document);
          return updateWebhook(context.services, context.viewer, { ...rest, filter: chosen });
        })(),
      );
    },
  }),
  pauseWebhook: t.field({
    type: WebhookPayload,
    authScopes: { operator: true },
    description: 'Pauses a webhook. It keeps its place in the log.',
    args: { id: t.arg.id({ required: true, description: idArg }) },
    resolve: (_root, { id }, { services, viewer }) => answer(pauseWebhook(services, viewer, id)),
  }),
  resumeWebhook: t.field({
    type: WebhookPayload,
    authScopes: { operator: true },
    description: 'Resumes a paused webhook at its place in the log, and ends the backoff of a failing one.',
    args: { id: t.arg.id({ required: true, description: idArg }) },
    resolve: (_root, { id }, { services, viewer }) => answer(resumeWebhook(services, viewer, id)),
  }),
  replayWebhook: t.field({
    type: WebhookPayload,
    authScopes: { operator: true },
    description: 'Delivers events again that were delivered before. They have the same ids.',
    args: { input: t.arg({ type: ReplayWebhookInput, required: true, description: 'From where.' }) },
    resolve: (_root, { input }, context) =>
      answer(
        (async () => {
          const position = await findReplayPosition(context, input);
          return replayWebhook(context.services, context.viewer, { id: input.id, position });
        })(),
      ),
  }),
  pingWebhook: t.field({
    type: PingWebhookPayload,
    authScopes: { operator: true },
    description: 'Sends a signed message that is no event, and returns how the receiver answered.',
    args: { id: t.arg.id({ required: true, description: idArg }) },
    resolve: async (_root, { id }, { services, signal, place }) => {
      // The receiver may take ten seconds, which must not keep other operations of this key waiting.
      place.leave();
      try {
        return await answer(pingWebhook(services, id, signal));
      } finally {
        place.retake();
      }
    },
  }),
  rotateWebhookSecret: t.field({
    type: CreateWebhookPayload,
    authScopes: { operator: true },
    description:
      'Replaces the secret. Deliveries are signed with both for a day. Only this answer contains the new one.',
    args: { id: t.arg.id({ required: true, description: idArg }) },
    resolve: (_root, { id }, { services, viewer }) => answer(rotateWebhookSecret(services, viewer, id)),
  }),
  removeWebhook: t.field({
    type: DeletePayload,
    authScopes: { operator: true },
    description: 'Removes a webhook with its deliveries.',
    args: { id: t.arg.id({ required: true, description: idArg }) },
    resolve: (_root, { id }, { services, viewer }) => answer(removeWebhook(services, viewer, id)),
  }),
}));

/** @throws BAD_USER_INPUT as the streams of events, FORBIDDEN for types that this key never sees. */
async function parseFilter(
  context: GraphqlContext,
  filter: EventFilterShape | null | undefined,
): Promise<WebhookFilter> {
  if (filter?.at)
    throw badUserInput(
      'A webhook follows the log, so its filter may not have `at`. Use `after` or `replayWebhook`.',
    );
  const { types, taskId, agentId, pipelineRun } = await parseEventFilter(context, filter);
  const unseen = (types ?? []).filter((type) => !isTypeVisible(context.viewer, type));
  if (unseen.length > 0) throw forbidden(`events of the types ${unseen.join(', ')}`);
  return {
    ...(filter?.types ? { types: filter.types } : {}),
    ...(taskId === undefined ? {} : { taskId }),
    ...(agentId === undefined ? {} : { agentId }),
    ...(pipelineRun === undefined ? {} : { pipelineRunId: pipelineRun.id }),
  };
}

function checkDocument(schema: GraphQLSchema, document: string | null | undefined): void {
  if (document != null) checkEventDocument(schema, document);
}

/** @throws GraphQLError for an invalid or expired cursor. */
async function locate({ feed }: GraphqlContext, cursor: string): Promise<bigint> {
  try {
    const position = await feed.locate(cursor);
    await feed.check(position);
    return position;
  } catch (error) {
    throw toStreamError(error);
  }
}

async function findReplayPosition(
  context: GraphqlContext,
  { after, since }: { readonly after?: string | null | undefined; readonly since?: Date | null | undefined },
): Promise<bigint> {
  if ((after == null) === (since == null))
    throw new Refusal('INVALID', 'Give exactly one of after and since.', ['after']);
  return after == null ? findPositionBefore(context.services, since as Date) : locate(context, after);
}
