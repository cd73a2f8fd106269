import * as z from 'zod';
import { actingAgent, idempotencyKey, maybeCount, maybeText, page, task, text } from './fields.js';
import { nodesOf, readList, viewList } from './list.js';
import { lines, manyLines } from './looks/look.js';
import { claimedView, place, taskColumns, taskDone, taskRow } from './looks/task-look.js';
import { distance } from './looks/times.js';
import { toOptionalAgent, toTaskRef } from './refs.js';
import { defineVerb, effects } from './verb.js';

const listReviews = defineVerb({
  name: 'review list',
  summary: 'Lists the tasks whose work waits for a verdict.',
  use: 'Use it to see what has to be judged.',
  avoid: 'To judge as a reviewing agent use "review claim", which no two reviewers get at once.',
  operations: ['tasks'],
  effect: effects.reads,
  input: z.strictObject(page),
  examples: ['mc review list', 'mc review list --json --fields ref,title,resolution'],
  run: (client, { limit, after, all }, options) =>
    readList(client.tasks({ first: limit, after, filter: { status: ['REVIEW'] } }, options), all),
  data: nodesOf,
  view: (list, look) =>
    viewList(list, look, {
      columns: taskColumns,
      row: (node) => taskRow(node, look),
      empty: 'Nothing waits for a verdict.',
      hint: ({ ref }) => `mc review approve ${ref}`,
    }),
});

const claimReview = defineVerb({
  name: 'review claim',
  summary: 'Gets the next work to judge, under a lease.',
  use: 'Use it as a reviewing agent. It is never its own work.',
  avoid: 'A person may decide without a claim: "review approve" and "review reject".',
  operations: ['claimNextReview'],
  effect: effects.adds,
  input: z.strictObject({
    agent: actingAgent,
    waitSeconds: maybeCount('How many seconds to wait for work.', 0, 60),
    lease: maybeText('The length of the lease: 10m or PT10M.'),
  }),
  examples: ['mc review claim --agent aegis --json', 'mc review claim --wait-seconds 30'],
  run: (client, { agent, ...given }, options) =>
    client.claimNextReview({ ...given, agent: toOptionalAgent(agent) }, options),
  view: ({ task: found, round, leaseExpiresAt, prompt }, look) => {
    if (!found) return lines('Nothing waits for a verdict of this agent.');
    const until = leaseExpiresAt ? `, lease ends ${distance(leaseExpiresAt, look)}` : '';
    const view = claimedView(found, look, taskDone(look, found, `to review (round ${round}${until})`));
    return {
      parts: [...view.parts, manyLines(prompt ?? '')],
      hint: `mc review approve ${found.ref}, or mc review reject ${found.ref} --feedback "…"`,
    };
  },
});

const verdict = {
  task,
  round: maybeCount('The reviewed round; the current one if left out.', 1, 1_000),
  reviewer: maybeText('The agent on whose behalf an operator decides.'),
  idempotencyKey,
};

const approve = defineVerb({
  name: 'review approve',
  summary: 'Accepts the work: the task is done.',
  use: 'Use it when the result does what the task asks.',
  avoid: 'If something has to change use "review reject" and say what.',
  operations: ['submitVerdict'],
  effect: effects.sets,
  input: z.strictObject({ ...verdict, feedback: maybeText('A remark for the record.') }),
  places: ['task'],
  texts: ['feedback'],
  examples: ['mc review approve TASK-42', 'mc review approve TASK-42 --reviewer aegis --round 1'],
  run: async (client, { task: word, reviewer, ...given }, options) =>
    client.submitVerdict(
      { ...given, task: toTaskRef(word), reviewer: toOptionalAgent(reviewer), verdict: 'APPROVED' },
      options,
    ),
  data: ({ task: changed }) => changed,
  view: ({ task: changed }, look) => lines(taskDone(look, changed, place(changed))),
});

const reject = defineVerb({
  name: 'review reject',
  summary: 'Sends the work back with feedback. The third rejection fails the task.',
  use: 'Use it when something has to change.',
  avoid: 'If the task itself is not wanted any more use "task cancel".',
  operations: ['submitVerdict'],
  effect: effects.ends,
  input: z.strictObject({ ...verdict, feedback: text('What has to change.') }),
  places: ['task'],
  texts: ['feedback'],
  examples: [
    'mc review reject TASK-42 --feedback "It still overlaps at 320 px."',
    'mc review reject TASK-42 --feedback @review.md',
  ],
  run: async (client, { task: word, reviewer, ...given }, options) =>
    client.submitVerdict(
      { ...given, task: toTaskRef(word), reviewer: toOptionalAgent(reviewer), verdict: 'REJECTED' },
      options,
    ),
  data: ({ task: changed }) => changed,
  view: ({ task: changed }, look) => lines(taskDone(look, changed, `rejected, now ${place(changed)}`)),
});

export const reviewVerbs = [listReviews, claimReview, approve, reject];
