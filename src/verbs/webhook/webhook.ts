import * as z from 'zod';
import { maybeInstant, maybeText, page } from '../fields.js';
import { nodesOf, readList, viewList } from '../list.js';
import { done, lines, oneLine } from '../looks/look.js';
import { age } from '../looks/times.js';
import { words } from '../looks/words.js';
import { notFound } from '../task/read.js';
import { defineVerb, effects } from '../verb.js';
import { createWebhook, rotateWebhook, updateWebhook } from './define.js';
import { addressOf, filterText, stateOf, troubleOf, webhook, webhookDone } from './fields.js';

const list = defineVerb({
  name: 'webhook list',
  summary: 'Lists the webhooks. LAG is how many entries of the log each has not looked at.',
  use: 'Use it to see which receivers get their events.',
  avoid: 'For the attempts of one of them use "webhook deliveries".',
  operations: ['webhooks'],
  effect: effects.reads,
  input: z.strictObject(page),
  examples: ['mc webhook list', 'mc webhook list --all --json --fields id,url,lagging,lastError'],
  run: (client, { limit, after, all }, options) =>
    readList(client.webhooks({ first: limit, after }, options), all),
  data: nodesOf,
  view: (found, look) =>
    viewList(found, look, {
      columns: ['ID', 'STATE', 'LAG', 'LAST', 'EVENTS', 'ADDRESS'],
      row: (one) => [
        one.id,
        stateOf(one, look),
        `${one.lagging}`,
        one.lastDeliveredAt === null ? 'never' : `${age(one.lastDeliveredAt, look)} ago`,
        filterText(one),
        oneLine(one.url),
      ],
      empty: 'No webhooks.',
      hint: ({ id }) => `mc webhook show ${id}`,
    }),
});

const show = defineVerb({
  name: 'webhook show',
  summary: 'Shows a webhook: what it sends, how far it is, and why it delivers nothing.',
  use: 'Use it when events do not arrive.',
  avoid: 'It never shows the secret: "webhook rotate" makes a new one.',
  operations: ['webhook'],
  effect: effects.reads,
  input: z.strictObject({ webhook }),
  places: ['webhook'],
  examples: ['mc webhook show whk_01k8…', 'mc webhook show whk_01k8… --json --fields paused,lastError'],
  run: async (client, { webhook: id }, options) => {
    const found = await client.webhook({ id }, options);
    if (found === null) throw notFound(`webhook ${id}`);
    return found;
  },
  view: (found, look) =>
    lines(
      `${addressOf(found, look)}: ${stateOf(found, look)}`,
      troubleOf(found, look),
      `sends ${filterText(found)} · format ${words(found.format)}${found.document === null ? '' : ' · with a document'}`,
      `lag: ${found.lagging} · last delivery: ${
        found.lastDeliveredAt === null ? 'never' : `${age(found.lastDeliveredAt, look)} ago`
      }`,
      `made by ${oneLine(found.createdBy.displayName)} ${age(found.createdAt, look)} ago`,
    ),
});

const pause = defineVerb({
  name: 'webhook pause',
  summary: 'Pauses a webhook. It keeps its place in the log.',
  use: 'Use it while the receiver is repaired.',
  avoid:
    'Events that are pruned from the log during the pause are lost. To end it for good use "webhook remove".',
  operations: ['pauseWebhook'],
  effect: effects.sets,
  input: z.strictObject({ webhook }),
  places: ['webhook'],
  examples: ['mc webhook pause whk_01k8…', 'mc webhook pause whk_01k8… --json'],
  run: async (client, { webhook: id }, options) => (await client.pauseWebhook({ id }, options)).webhook,
  view: (changed, look) => lines(webhookDone(look, changed)),
});

const resume = defineVerb({
  name: 'webhook resume',
  summary: 'Resumes a paused webhook at its place in the log, or retries a failing one at once.',
  use: 'Use it when the receiver works again.',
  avoid: 'To deliver events again that were delivered use "webhook replay".',
  operations: ['resumeWebhook'],
  effect: effects.sets,
  input: z.strictObject({ webhook }),
  places: ['webhook'],
  examples: ['mc webhook resume whk_01k8…', 'mc webhook resume whk_01k8… --json'],
  run: async (client, { webhook: id }, options) => (await client.resumeWebhook({ id }, options)).webhook,
  view: (changed, look) => lines(webhookDone(look, changed)),
});

const replay = defineVerb({
  name: 'webhook replay',
  summary: 'Delivers events again, with the same ids: those after a cursor or since a time.',
  use: 'Use it when a receiver has lost what it got. Give exactly one of --after and --since.',
  avoid: 'A failing webhook loses nothing: "webhook resume" retries it.',
  operations: ['replayWebhook'],
  effect: effects.adds,
  input: z.strictObject({
    webhook,
    after: maybeText('All events after this cursor.'),
    since: maybeInstant('past', 'All events from this time on: 2026-12-01T18:00:00Z, yesterday or 2h.'),
  }),
  places: ['webhook'],
  examples: [
    'mc webhook replay whk_01k8… --since 2026-05-01T00:00:00Z',
    'mc webhook replay whk_01k8… --after CURSOR --json',
  ],
  run: async (client, { webhook: id, after, since }, options) =>
    (await client.replayWebhook({ id, after, since }, options)).webhook,
  view: (changed, look) => lines(webhookDone(look, changed)),
});

const ping = defineVerb({
  name: 'webhook ping',
  summary: 'Sends a signed message that is no event, and shows how the receiver answered.',
  use: 'Use it after "webhook create", and when deliveries fail.',
  avoid: 'For the attempts at real events use "webhook deliveries".',
  operations: ['pingWebhook'],
  effect: effects.adds,
  input: z.strictObject({ webhook }),
  places: ['webhook'],
  examples: ['mc webhook ping whk_01k8…', 'mc webhook ping whk_01k8… --json --fields status,error'],
  run: (client, { webhook: id }, options) => client.pingWebhook({ id }, options),
  view: ({ status, durationMs, error, answer }, look) =>
    lines(
      error === null
        ? done(look, `accepted with ${status ?? 'no status'} in ${durationMs} ms`)
        : `${look.paint('bad', '✕')} ${oneLine(error)} It took ${durationMs} ms.`,
      answer && oneLine(answer),
    ),
});

const remove = defineVerb({
  name: 'webhook remove',
  summary: 'Removes a webhook with its deliveries.',
  use: 'Use it when the receiver is not needed any more.',
  avoid: 'To stop it for a while use "webhook pause".',
  operations: ['removeWebhook'],
  effect: effects.ends,
  input: z.strictObject({ webhook }),
  places: ['webhook'],
  examples: ['mc webhook remove whk_01k8…', 'mc webhook remove whk_01k8… --json'],
  run: (client, { webhook: id }, options) => client.removeWebhook({ id }, options),
  view: ({ deletedId }, look) => lines(done(look, `${deletedId} removed`)),
});

const deliveries = defineVerb({
  name: 'webhook deliveries',
  summary: 'Lists the last attempts to deliver events, newest first: about two hundred are kept.',
  use: 'Use it to see what a receiver answered.',
  avoid: 'For whether it delivers at all use "webhook show".',
  operations: ['webhookDeliveries'],
  effect: effects.reads,
  input: z.strictObject({ webhook, ...page }),
  places: ['webhook'],
  examples: [
    'mc webhook deliveries whk_01k8…',
    'mc webhook deliveries whk_01k8… --all --json --fields eventId,status,error',
  ],
  run: (client, { webhook: id, limit, after, all }, options) =>
    readList(client.webhookDeliveries({ id, first: limit, after }, options), all),
  data: nodesOf,
  view: (found, look) =>
    viewList(found, look, {
      columns: ['AT', 'EVENT', 'ATTEMPT', 'STATUS', 'MS', 'RESULT'],
      row: ({ at, eventId, attempt, status, durationMs, error }) => [
        `${age(at, look)} ago`,
        eventId,
        `${attempt}`,
        status === null ? '–' : `${status}`,
        `${durationMs}`,
        error === null ? 'accepted' : look.paint('bad', oneLine(error)),
      ],
      empty: 'No event was sent yet.',
    }),
});

export const webhookVerbs = [
  createWebhook,
  list,
  show,
  updateWebhook,
  pause,
  resume,
  replay,
  ping,
  rotateWebhook,
  remove,
  deliveries,
];
