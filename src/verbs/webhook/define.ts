import * as z from 'zod';
import { filterFields, toFilter } from '../event-filter.js';
import { flag, maybeText, text } from '../fields.js';
import { type Look, lines, type View } from '../looks/look.js';
import { defineVerb, effects } from '../verb.js';
import { body, webhook, webhookDone } from './fields.js';

type Created = Parameters<typeof webhookDone>[1];

/** The only answer with the secret. */
function withSecret(changed: Created, secret: string, look: Look): View {
  return lines(webhookDone(look, changed), 'The secret is shown only now:', secret);
}

export const createWebhook = defineVerb({
  name: 'webhook create',
  summary: 'Delivers events to an address, in order and at least once. The secret is shown once.',
  use: 'Use it for programs and chats that are called by the server.',
  avoid: 'For a program that can keep a connection open use "events watch".',
  operations: ['createWebhook'],
  effect: effects.adds,
  input: z.strictObject({
    url: text('The address that gets a POST for each event.'),
    ...filterFields,
    ...body,
    secret: maybeText('The secret that signs: whsec_ and 24 to 64 bytes in base64. Generated if left out.'),
    after: maybeText('Deliver all events after this cursor; from now on if left out.'),
  }),
  places: ['url'],
  texts: ['document', 'secret'],
  examples: [
    'mc webhook create https://example.com/hooks --types task.failed,task.approved',
    'mc webhook create https://hooks.slack.com/services/… --format slack --types task.failed',
    'mc webhook create https://example.com/hooks --secret @secret.txt --json --fields webhook.id',
  ],
  run: (client, { url, format, document, secret, after, ...filter }, options) =>
    client.createWebhook(
      { url, format, document, secret: secret?.trim(), after, filter: toFilter(filter) },
      options,
    ),
  view: ({ webhook: created, secret }, look) => withSecret(created, secret, look),
});

export const updateWebhook = defineVerb({
  name: 'webhook update',
  summary: 'Changes the address, the filter or the body of a webhook, from the next event on.',
  use: 'Use it when a receiver moves or needs other events. The options of a filter replace the whole filter.',
  avoid: 'For a new secret use "webhook rotate".',
  operations: ['updateWebhook'],
  effect: effects.sets,
  input: z.strictObject({
    webhook,
    url: maybeText('The new address.'),
    ...filterFields,
    allEvents: flag('Removes the filter.'),
    ...body,
    clearDocument: flag('Removes the document, so that the plain event is sent.'),
  }),
  places: ['webhook'],
  texts: ['document'],
  examples: [
    'mc webhook update whk_01k8… --types task,run',
    'mc webhook update whk_01k8… --url https://example.com/new --clear-document --json',
  ],
  run: async (
    client,
    { webhook: id, url, format, document, allEvents, clearDocument, ...given },
    options,
  ) => {
    const isFiltered = Object.values(given).some((value) => value !== undefined);
    const filter = allEvents ? {} : isFiltered ? toFilter(given) : undefined;
    const input = { id, url, format, filter, document: clearDocument ? null : document };
    return (await client.updateWebhook(input, options)).webhook;
  },
  view: (changed, look) => lines(webhookDone(look, changed)),
});

export const rotateWebhook = defineVerb({
  name: 'webhook rotate',
  summary: 'Makes a new secret. The old one signs as well for a day.',
  use: 'Use it when the secret may be known to others. It is shown once.',
  avoid: 'Do not repeat it: the receiver would need the newest secret at once.',
  operations: ['rotateWebhookSecret'],
  effect: effects.adds,
  input: z.strictObject({ webhook }),
  places: ['webhook'],
  examples: ['mc webhook rotate whk_01k8…', 'mc webhook rotate whk_01k8… --json --fields secret'],
  run: (client, { webhook: id }, options) => client.rotateWebhookSecret({ id }, options),
  view: ({ webhook: changed, secret }, look) => withSecret(changed, secret, look),
});
