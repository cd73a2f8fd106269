import { Refusal } from '../../domain/refusals.js';
import { type ClaimedReview, claimNextReview } from '../../services/reviews/claim-next-review.js';
import { type SubmittedVerdict, submitVerdict } from '../../services/reviews/submit-verdict.js';
import { VerdictEnum } from '../base/enums.js';
import { answer, type Payload, payloadType } from '../base/payloads.js';
import { AgentRefInput, TaskRefInput } from '../base/refs.js';
import { builder } from '../builder.js';
import { TaskType } from '../tasks/task.js';
import { IDEMPOTENCY_KEY } from '../tasks/task-inputs.js';
import { ReviewType } from './review.js';

const TEN_MINUTES_MS = 600_000;

const ClaimNextReviewInput = builder.inputType('ClaimNextReviewInput', {
  description: 'A reviewer’s wish for a round to judge.',
  fields: (t) => ({
    agent: t.field({
      type: AgentRefInput,
      description: 'May be left out with a key that is bound to an agent.',
    }),
    lease: t.field({
      type: 'Duration',
      defaultValue: TEN_MINUTES_MS,
      description:
        'How long the reviewer holds the round unless it renews by heartbeat: 10 seconds to 24 hours.',
    }),
    waitSeconds: t.int({ defaultValue: 0, description: 'Wait so long for a round to judge: 0 to 60.' }),
  }),
});

const SubmitVerdictInput = builder.inputType('SubmitVerdictInput', {
  description: 'A verdict on work in REVIEW.',
  fields: (t) => ({
    task: t.field({ type: TaskRefInput, required: true, description: 'The task.' }),
    verdict: t.field({ type: VerdictEnum, required: true, description: 'Yes or no.' }),
    feedback: t.string({ description: 'What has to change; required when REJECTED.' }),
    round: t.int({ description: 'The round it judges; the current one if left out.' }),
    reviewer: t.field({ type: AgentRefInput, description: 'The agent whose verdict an operator hands in.' }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

const ClaimNextReviewPayload = payloadType<ClaimedReview>(
  'ClaimNextReviewPayload',
  'A round to judge; everything is null if none waits for this reviewer.',
);
builder.objectFields(ClaimNextReviewPayload, (t) => ({
  task: t.field({
    type: TaskType,
    nullable: true,
    description: 'The task to judge.',
    resolve: ({ result }) => result?.task,
  }),
  round: t.int({
    nullable: true,
    description: 'The round to name in the verdict.',
    resolve: ({ result }) => result?.round,
  }),
  prompt: t.string({
    nullable: true,
    description: 'The task, the work and the earlier feedback, as a text for a model.',
    resolve: ({ result }) => result?.prompt,
  }),
  leaseExpiresAt: t.field({
    type: 'DateTime',
    nullable: true,
    description: 'Until when nobody else gets this round.',
    resolve: ({ result }) => result?.leaseExpiresAt,
  }),
}));

const SubmitVerdictPayload = payloadType<SubmittedVerdict>('SubmitVerdictPayload', 'What a verdict did.');
builder.objectFields(SubmitVerdictPayload, (t) => ({
  task: t.field({
    type: TaskType,
    nullable: true,
    description: 'The task as it is now.',
    resolve: ({ result }) => result?.task,
  }),
  review: t.field({
    type: ReviewType,
    nullable: true,
    description: 'The verdict as it was recorded, a superseded one included.',
    resolve: ({ result }) => result?.review,
  }),
}));

builder.mutationFields((t) => ({
  claimNextReview: t.field({
    type: ClaimNextReviewPayload,
    authScopes: { agent: true },
    description:
      'Hands a round in REVIEW to a reviewer under a lease: never its own work, never a round that is taken.',
    args: { input: t.arg({ type: ClaimNextReviewInput, required: true, description: 'Who reviews.' }) },
    resolve: (_root, { input }, { services, viewer, signal }) =>
      answer(claimNextReview(services, viewer, input, signal)),
  }),
  submitVerdict: t.field({
    type: SubmitVerdictPayload,
    authScopes: { agent: true },
    description:
      'Judges a round. One that is over is recorded as superseded, changes nothing and answers with SUPERSEDED.',
    args: { input: t.arg({ type: SubmitVerdictInput, required: true, description: 'The verdict.' }) },
    resolve: async (_root, { input }, { services, viewer }) =>
      markSuperseded(await answer(submitVerdict(services, viewer, input))),
  }),
}));

/** A superseded verdict is kept, so it has a result; and it did nothing, so it is a refusal as well. */
function markSuperseded(payload: Payload<SubmittedVerdict>): Payload<SubmittedVerdict> {
  if (payload.result?.review.superseded !== true) return payload;
  const { review, task } = payload.result;
  const message = `Round ${review.round} of TASK-${task.number} was over: the verdict is kept and changed nothing.`;
  return { ...payload, errors: [new Refusal('SUPERSEDED', message, ['round'])] };
}
