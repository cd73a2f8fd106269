import * as z from 'zod';
import { type CallOptions, type Client, RefusedError } from '../sdk/index.js';
import { maybeInstant, maybeText, page, text } from './fields.js';
import { nodesOf, readList, viewList } from './list.js';
import { done, lines, oneLine } from './looks/look.js';
import { age, distance } from './looks/times.js';
import { words } from './looks/words.js';
import { isIdOf, toOptionalAgent } from './refs.js';
import { notFound } from './task/read.js';
import { defineVerb, effects } from './verb.js';

const create = defineVerb({
  name: 'key create',
  summary: 'Creates an API key. Its secret is shown once.',
  use: 'Use it for each person, program and agent that calls the server.',
  avoid: 'Do not share one key: a key that is revoked ends for all who have it.',
  operations: ['createApiKey'],
  effect: effects.adds,
  input: z.strictObject({
    name: text('A name for people that states its purpose.'),
    role: z
      .enum(['ADMIN', 'OPERATOR', 'VIEWER', 'AGENT'])
      .describe('What the key may do: everything; manage work; only read; act as one agent.'),
    agent: maybeText('The agent that a key with the role AGENT acts as.'),
    expiresAt: maybeInstant(
      'due',
      'When it expires: 2026-12-01 or 30d. If left out, it works until it is revoked.',
    ),
  }),
  places: ['name'],
  examples: [
    'mc key create "scout on the build machine" --role agent --agent scout',
    'mc key create dashboard --role viewer --json',
  ],
  run: (client, { agent, ...given }, options) =>
    client.createApiKey({ ...given, agent: toOptionalAgent(agent) }, options),
  view: ({ apiKey, secret }, look) =>
    lines(
      done(look, `${oneLine(apiKey.name)} (${words(apiKey.role)}). The secret is shown only now:`),
      secret,
    ),
});

const list = defineVerb({
  name: 'key list',
  summary: 'Lists the API keys, without their secrets.',
  use: 'Use it to see which keys exist and when they were last used.',
  avoid: 'For the key of this command line use "whoami".',
  operations: ['apiKeys'],
  effect: effects.reads,
  input: z.strictObject(page),
  examples: ['mc key list', 'mc key list --all --json --fields id,name,lastUsedAt'],
  run: (client, { limit, after, all }, options) =>
    readList(client.apiKeys({ first: limit, after }, options), all),
  data: nodesOf,
  view: (found, look) =>
    viewList(found, look, {
      columns: ['ID', 'ROLE', 'AGENT', 'PREFIX', 'USED', 'STATE', 'NAME'],
      row: ({ id, role, agent, prefix, lastUsedAt, revokedAt, expiresAt, name }) => [
        id,
        words(role),
        agent?.name ?? '–',
        prefix,
        lastUsedAt === null ? 'never' : `${age(lastUsedAt, look)} ago`,
        revokedAt ? 'revoked' : expiresAt ? `expires ${distance(expiresAt, look)}` : 'valid',
        oneLine(name),
      ],
      empty: 'No keys.',
      hint: ({ id }) => `mc key revoke ${id}`,
    }),
});

const revoke = defineVerb({
  name: 'key revoke',
  summary: 'Revokes an API key at once.',
  use: 'Use it when a key is not needed any more or has leaked.',
  avoid: 'It cannot be undone: create a new key before.',
  operations: ['apiKeys', 'revokeApiKey'],
  effect: effects.removes,
  input: z.strictObject({ key: text('The key: its id (key_…), or its name if no other valid key has it.') }),
  places: ['key'],
  examples: ['mc key revoke key_01k8…', 'mc key revoke key_01k8… --json'],
  run: async (client, { key }, options) => {
    const id = isIdOf('key', key) ? key : await idOfName(client, key, options);
    return (await client.revokeApiKey({ id }, options)).apiKey;
  },
  view: ({ name }, look) => lines(done(look, `${oneLine(name)} revoked`)),
});

/** The id of the only valid key with a name. @throws RefusedError if there is none, or more than one. */
async function idOfName(client: Client, name: string, options: CallOptions): Promise<string> {
  const ids: string[] = [];
  for await (const key of client.apiKeys({ first: 100 }, options))
    if (key.name === name && key.revokedAt === null) ids.push(key.id);
  const [id, ...others] = ids;
  if (id === undefined) throw notFound(`valid key "${name}"`);
  if (others.length === 0) return id;
  const message = `Several valid keys have the name "${name}": give the id, ${ids.join(' or ')}.`;
  throw new RefusedError({ refusal: { code: 'INVALID', message, path: null }, runId: undefined });
}

const link = defineVerb({
  name: 'key link',
  summary: 'Makes a link that opens the dashboard once, without a key.',
  use: 'Use it to open the dashboard in a browser with the rights of this key, for a day.',
  avoid: 'Do not send it to others: the first who opens it acts with this key.',
  operations: ['createSignInLink'],
  effect: effects.adds,
  input: z.strictObject({}),
  examples: ['mc key link', 'mc key link --json --fields url'],
  run: (client, _input, options) => client.createSignInLink(options),
  view: ({ url, expiresAt }, look) =>
    lines(done(look, `a link that works once and expires ${distance(expiresAt, look)}:`), url),
});

const whoami = defineVerb({
  name: 'whoami',
  summary: 'Shows for whom the key of this command line stands.',
  use: 'Use it to check a key.',
  avoid: 'For everything else that may be wrong use "doctor".',
  operations: ['viewer'],
  effect: effects.reads,
  input: z.strictObject({}),
  examples: ['mc whoami', 'mc whoami --json --fields role'],
  run: (client, _input, options) => client.viewer(options),
  view: ({ role, agent, apiKey }, look) =>
    lines(
      `${words(role)}${agent ? ` acting as ${look.paint('strong', agent.name)} (${words(agent.status)})` : ''}`,
      apiKey &&
        `key ${oneLine(apiKey.name)}${apiKey.expiresAt ? `, expires ${distance(apiKey.expiresAt, look)}` : ''}`,
    ),
});

export const keyVerbs = [create, list, revoke, link, whoami];
