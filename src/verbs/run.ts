import * as z from 'zod';
import { maybeSomeOf, maybeText, maybeWords, page, period, toRange } from './fields.js';
import { nextOf, nodesOf, readList, viewList } from './list.js';
import { oneLine } from './looks/look.js';
import { age } from './looks/times.js';
import { words } from './looks/words.js';
import { toAgentRef, toTaskRef } from './refs.js';
import { defineVerb, effects } from './verb.js';

const OUTCOMES = [
  'RUNNING',
  'SUCCEEDED',
  'FAILED',
  'TIMED_OUT',
  'RELEASED',
  'REQUEUED',
  'SUSPENDED',
  'CANCELLED',
] as const;

const listRuns = defineVerb({
  name: 'run list',
  summary: 'Lists the attempts at all tasks, the latest first.',
  use: 'Use it to see what agents are working on, or which attempts have failed.',
  avoid: 'For the attempts at one task use "task runs".',
  operations: ['runs'],
  effect: effects.reads,
  input: z.strictObject({
    agent: maybeWords('Only attempts by any of these agents, by name or id.'),
    outcome: maybeSomeOf(OUTCOMES, 'Only attempts that ended in any of these ways, or are running.'),
    trigger: maybeSomeOf(['CLAIM', 'DISPATCH'], 'Only attempts that began with a claim, or were dispatched.'),
    task: maybeText('Only attempts at this task, by ref or id.'),
    ...period,
    ...page,
  }),
  examples: ['mc run list --outcome failed,timed_out', 'mc run list --agent scout --outcome running --json'],
  run: (client, { agent, task, since, until, limit, after, all, ...given }, options) => {
    const filter = {
      ...given,
      agent: agent?.map(toAgentRef),
      task: task === undefined ? undefined : toTaskRef(task),
      startedAt: toRange(since, until),
    };
    return readList(client.runs({ first: limit, after, filter }, options), all);
  },
  data: nodesOf,
  next: nextOf,
  view: (list, look) =>
    viewList(list, look, {
      columns: ['RUN', 'TASK', 'AGENT', 'OUTCOME', 'BEGAN', 'DETAIL'],
      row: ({ id, task: of, number, agent: by, outcome, startedAt, error, progress, model }) => [
        id,
        `${of.ref} ${number}`,
        by.name,
        words(outcome),
        `${age(startedAt, look)} ago`,
        oneLine(error ?? progress ?? model ?? ''),
      ],
      empty: 'No attempts.',
      hint: ({ task: of }) => `mc task runs ${of.ref}`,
    }),
});

export const runVerbs = [listRuns];
