import type { ApiKey } from '../../generated/prisma/client.js';
import { createApiKey, revokeApiKey } from '../../services/keys/api-keys.js';
import { ApiKeyRoleEnum } from '../base/enums.js';
import { answer, payloadType } from '../base/payloads.js';
import { AgentRefInput } from '../base/refs.js';
import { builder } from '../builder.js';
import { ApiKeyType } from './api-key.js';

const CreateApiKeyInput = builder.inputType('CreateApiKeyInput', {
  description: 'A new API key.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description: 'A name for people that states its purpose: 1 to 100 characters.',
    }),
    role: t.field({
      type: ApiKeyRoleEnum,
      required: true,
      description: 'The role, which decides what the key may do.',
    }),
    agent: t.field({
      type: AgentRefInput,
      description: 'The agent that an AGENT key acts as; omitted for every other role.',
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'When the key expires. If unset, it works until it is revoked.',
    }),
  }),
});

const ApiKeyPayload = payloadType<ApiKey>('ApiKeyPayload', 'The answer of a mutation of one API key.');
builder.objectFields(ApiKeyPayload, (t) => ({
  apiKey: t.field({
    type: ApiKeyType,
    nullable: true,
    description: 'The current key; null if the mutation was refused.',
    resolve: (payload) => payload.result,
  }),
}));

const CreateApiKeyPayload = payloadType<{ apiKey: ApiKey; secret: string }>(
  'CreateApiKeyPayload',
  'A new API key with its secret.',
);
builder.objectFields(CreateApiKeyPayload, (t) => ({
  apiKey: t.field({
    type: ApiKeyType,
    nullable: true,
    description: 'The key; null if the mutation was refused.',
    resolve: ({ result }) => result?.apiKey,
  }),
  secret: t.string({
    nullable: true,
    description: 'The bearer token. It is shown only in this answer; the server does not store it.',
    resolve: ({ result }) => result?.secret,
  }),
}));

builder.mutationFields((t) => ({
  createApiKey: t.field({
    type: CreateApiKeyPayload,
    authScopes: { admin: true },
    description: 'Creates an API key. Only this answer contains its secret.',
    args: { input: t.arg({ type: CreateApiKeyInput, required: true, description: 'The key.' }) },
    resolve: (_root, { input }, { services, viewer }) => answer(createApiKey(services, viewer, input)),
  }),
  revokeApiKey: t.field({
    type: ApiKeyPayload,
    authScopes: { admin: true },
    description: 'Revokes a key at once and ends its live subscriptions.',
    args: { id: t.arg.id({ required: true, description: 'The id of the key: key_…' }) },
    resolve: (_root, { id }, { services, viewer }) => answer(revokeApiKey(services, viewer, id)),
  }),
}));
