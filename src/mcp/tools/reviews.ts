import * as z from 'zod';
import { isRecord } from '../../verbs/coerce.js';
import { maybeText, task } from '../../verbs/fields.js';
import { toOptionalAgent } from '../../verbs/refs.js';
import { effects } from '../../verbs/verb.js';
import { briefTask, compactRecord, outputOf } from '../output.js';
import { callVerb, defineTool, type Tool } from '../tool.js';
import { waitSeconds } from './waiting.js';

const claim = callVerb('review claim');

const claimNextReview = defineTool({
  name: 'claim_next_review',
  title: 'Claim the next review',
  description:
    'Gets the next finished work to judge; it is never your own. Follow prompt, then call submit_verdict with task.ref and round, or release_task with runId.',
  input: z.strictObject({
    agent: maybeText('The reviewing agent, if the key is bound to none.'),
    waitSeconds,
  }),
  output: outputOf({ 'task?': 'object', 'round?': 'number', 'prompt?': 'string' }),
  effect: claim.effect,
  async call({ client, held }, input, options) {
    const { task: found, ...claimed } = await held.claiming(
      async (signal) =>
        compactRecord(
          (await claim.run(client, { ...input, lease: held.lease }, { ...options, signal })).data,
        ),
      options.signal,
      ({ runId, task }) =>
        typeof runId === 'string' && isRecord(task)
          ? { id: runId, agent: toOptionalAgent(input.agent), reviewOf: String(task.id) }
          : null,
    );
    // The prompt contains the texts of the task.
    return found === undefined ? claimed : { ...claimed, task: briefTask(found) };
  },
});

const verdictVerbs = { APPROVED: callVerb('review approve'), REJECTED: callVerb('review reject') };

const submitVerdict = defineTool({
  name: 'submit_verdict',
  title: 'Submit a verdict',
  description: 'Approves or rejects finished work. A rejection needs feedback that says what has to change.',
  input: z.strictObject({
    task,
    verdict: z.enum(['APPROVED', 'REJECTED']),
    feedback: maybeText('For the next attempt, in Markdown.'),
    round: z.number().int().min(1).optional().describe('The round of the claim.'),
    reviewer: maybeText('The reviewing agent, if the key is bound to none.'),
  }),
  output: outputOf({ task: 'object' }),
  effect: effects.ends,
  async call({ client, held }, { verdict, ...given }, options) {
    const { data } = await verdictVerbs[verdict].run(client, given, options);
    const judged = briefTask(data);
    held.forgetReviewOf(judged.id);
    return { task: judged };
  },
});

export const reviewTools: readonly Tool[] = [claimNextReview, submitVerdict];
