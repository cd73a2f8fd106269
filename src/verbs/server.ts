import * as z from 'zod';
import type { OverviewFieldsFragment } from '../sdk/index.js';
import { maybeCount, maybeText } from './fields.js';
import { type Look, lines, oneLine, type View } from './looks/look.js';
import { age } from './looks/times.js';
import { count, status, words } from './looks/words.js';
import { defineStream, defineVerb, effects } from './verb.js';

function summary(overview: OverviewFieldsFragment, look: Look): View {
  const { agentsOnline, agentsTotal, capacityInUse, capacityTotal } = overview;
  const { oldestWaitingSince: waiting, oldestInReviewSince: inReview } = overview;
  return lines(
    overview.taskCounts
      .filter(({ count: amount }) => amount > 0)
      .map(({ status: now, count: amount }) => `${amount} ${status(now, look)}`)
      .join(' · ') || 'No tasks.',
    `${agentsOnline} of ${count(agentsTotal, 'agent')} online · ${capacityInUse} of ${capacityTotal} places in use`,
    waiting && `the oldest task has waited for an agent for ${age(waiting, look)}`,
    inReview && `the oldest result has waited for a verdict for ${age(inReview, look)}`,
  );
}

const overview = defineVerb({
  name: 'overview',
  summary: 'Shows how many tasks are where, the agents, and the throughput.',
  use: 'Use it for the state of everything at a glance.',
  avoid: 'For a live picture use "top"; for single tasks "task list".',
  operations: ['overview'],
  effect: effects.reads,
  input: z.strictObject({
    window: maybeText('The period of the throughput: 1d or PT12H.'),
    buckets: maybeCount('The number of points of the throughput.', 1, 500),
  }),
  examples: ['mc overview', 'mc overview --window 7d --buckets 7 --json'],
  run: (client, given, options) => client.overview(given, options),
  view: (found, look) => {
    const sum = (key: 'created' | 'completed' | 'failed') =>
      found.throughput.reduce((total, point) => total + point[key], 0);
    const line = `in this period: ${sum('created')} created, ${sum('completed')} completed, ${sum('failed')} failed`;
    return { parts: [...summary(found, look).parts, line] };
  },
});

const watchOverview = defineStream({
  name: 'overview-watch',
  summary: 'Follows the overview: at once, then after each change.',
  use: 'Use it to feed a display.',
  avoid: 'For people "top" shows more.',
  operations: ['followOverview'],
  effect: effects.reads,
  input: z.strictObject({}),
  examples: ['mc overview-watch', 'mc overview-watch --json --fields agentsOnline,taskCounts'],
  open: (client, _input, options) => client.followOverview(options),
  view: summary,
});

const info = defineVerb({
  name: 'server-info',
  summary: 'Shows the version, the database and the limits of the server.',
  use: 'Use it to see what the server accepts.',
  avoid: 'For what is wrong with it use "doctor".',
  operations: ['server'],
  effect: effects.reads,
  input: z.strictObject({}),
  examples: ['mc server-info', 'mc server-info --json --fields version,limits'],
  run: (client, _input, options) => client.server(options),
  view: ({ version, database, startedAt }, look) =>
    lines(`Mission Control ${version} with ${database}, started ${age(startedAt, look)} ago`),
});

const gateways = defineVerb({
  name: 'gateways',
  summary: 'Lists the gateways, each probed now, and what to do about those that do not answer.',
  use: 'Use it when tasks of PUSH agents wait.',
  avoid: 'For agents that claim their work gateways do not matter.',
  operations: ['gateways'],
  effect: effects.reads,
  input: z.strictObject({}),
  examples: ['mc gateways', 'mc gateways --json --fields name,state,remedy'],
  run: (client, _input, options) => client.gateways(options),
  view: (found, look) =>
    found.length === 0
      ? lines('No gateways.')
      : {
          parts: [
            {
              columns: ['GATEWAY', 'KIND', 'STATE', 'REMEDY'],
              rows: found.map(({ name, kind, state, remedy, lastError }) => [
                look.paint('strong', name),
                kind,
                look.paint(state === 'REACHABLE' ? 'good' : 'bad', words(state)),
                oneLine(remedy ?? lastError ?? ''),
              ]),
            },
          ],
        },
});

export const serverVerbs = [overview, watchOverview, info, gateways];
