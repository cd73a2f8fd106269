import * as z from 'zod';
import { flag, maybeSomeOf, maybeText, page, text } from './fields.js';
import { nodesOf, readList, viewList } from './list.js';
import { done, lines, oneLine } from './looks/look.js';
import { age } from './looks/times.js';
import { count, words } from './looks/words.js';
import { defineStream, defineVerb, effects } from './verb.js';

const KINDS = [
  'QUESTION',
  'TASK_STUCK',
  'TASK_FAILED',
  'REVIEW',
  'AGENT_SILENT',
  'GATEWAY',
  'SCHEDULE',
  'WEBHOOK',
] as const;

const styles = { CRITICAL: 'bad', WARNING: 'warning', NOTICE: 'quiet' } as const;

const list = defineVerb({
  name: 'attention list',
  summary: 'Lists what a person has to look at, the most urgent first.',
  use: 'Use it to begin a day, and when work does not go on.',
  avoid: 'For work that waits for a verdict in the usual way use "review list".',
  operations: ['needsAttention'],
  effect: effects.reads,
  input: z.strictObject({
    kinds: maybeSomeOf(KINDS, 'Only items of these kinds.'),
    acknowledged: flag('Lists the items that were acknowledged instead of the others.'),
    ...page,
  }),
  examples: ['mc attention list', 'mc attention list --kinds task_stuck,gateway --json --fields id,text'],
  run: (client, { kinds, acknowledged, limit, after, all }, options) =>
    readList(client.needsAttention({ kinds, acknowledged, first: limit, after }, options), all),
  data: nodesOf,
  view: (found, look) =>
    viewList(found, look, {
      columns: ['SEVERITY', 'KIND', 'SINCE', 'ABOUT', 'WHAT'],
      row: ({ severity, kind, since, task, agent, recurringTask, text: what }) => [
        look.paint(styles[severity], words(severity)),
        words(kind),
        age(since, look),
        task?.ref ?? agent?.name ?? oneLine(recurringTask?.name ?? '–'),
        oneLine(what),
      ],
      empty: 'Nothing needs attention.',
      hint: ({ task }) => (task ? `mc task why ${task.ref}` : 'mc attention list --json'),
    }),
});

const acknowledge = defineVerb({
  name: 'attention acknowledge',
  summary: 'Marks an item as seen. It comes back when it changes.',
  use: 'Use it when a person takes care of it, or when nothing has to be done.',
  avoid: 'It repairs nothing: "task retry" and "agent resume" do.',
  operations: ['acknowledge'],
  effect: effects.sets,
  input: z.strictObject({
    item: text('The id of the item: see "attention list --json".'),
    since: maybeText('Only if it began at this instant, in RFC 3339.'),
  }),
  places: ['item'],
  examples: ['mc attention acknowledge ITEM', 'mc attention acknowledge ITEM --json'],
  run: async (client, { item: id, since }, options) =>
    (await client.acknowledge({ id, since }, options)).item,
  view: (item, look) => lines(done(look, `seen: ${oneLine(item.text)}`)),
});

const watch = defineStream({
  name: 'attention watch',
  summary: 'Follows how much needs attention: at once, then after each change.',
  use: 'Use it to alert a person.',
  avoid: 'The items themselves come from "attention list".',
  operations: ['followAttention'],
  effect: effects.reads,
  input: z.strictObject({}),
  examples: ['mc attention watch', 'mc attention watch --json --fields total'],
  open: (client, _input, options) => client.followAttention(options),
  view: ({ total, counts }) =>
    lines(
      total === 0
        ? 'Nothing needs attention.'
        : `${count(total, 'item')}: ${counts.map(({ kind, count: amount }) => `${amount} ${words(kind)}`).join(', ')}`,
    ),
});

export const attentionVerbs = [list, acknowledge, watch];
