import { Refusal } from '../../domain/refusals.js';
import { type ClaimedReview, claimNextReview } from '../../services/reviews/claim-next-review.js';
import { type SubmittedVerdict, submitVerdict } from '../../services/reviews/submit-verdict.js';
import { VerdictEnum } from '../base/enums.js';
import { answer, type Payload, payloadType } from '../base/payloads.js';
import { whileWaiting } from '../base/places.js';
import { AgentRefInput, TaskRefInput } from '../base/refs.js';
import { builder } from '../builder.js';
import { TaskType } from '../tasks/task.js';
import { IDEMPOTENCY_KEY } from '../tasks/task-inputs.js';
import { ReviewType } from './review.js';

const TEN_MINUTES_MS = 600_000;

const ClaimNextReviewInput = builder.inputType('ClaimNextReviewInput', {
  description: 'A request of a reviewer for a review round.',
  fields: (t) => ({
    agent: t.field({
      type: AgentRefInput,
      description: 'The reviewing agent. A key that is bound to an agent may omit it.',
    }),
    lease: t.field({
      type: 'Duration',
      defaultValue: TEN_MINUTES_MS,
      description: 'The length of the lease, which a heartbeat renews: 10 seconds to 24 hours.',
    }),
    waitSeconds: t.int({
      defaultValue: 0,
      description:
        'How many seconds to wait for a review round: 0 to 60. The number of claims of a key that wait at a time is limited.',
    }),
  }),
});

const SubmitVerdictInput = builder.inputType('SubmitVerdictInput', {
  description: 'A verdict on work in REVIEW.',
  fields: (t) => ({
    task: t.field({ type: TaskRefInput, required: true, description: 'The task.' }),
    verdict: t.field({ type: VerdictEnum, required: true, description: 'The decision.' }),
    feedback: t.string({ description: 'What has to change; required for REJECTED.' }),
    round: t.int({ description: 'The reviewed round; the current one if unset.' }),
    reviewer: t.field({
      type: AgentRefInput,
      description: 'The agent on whose behalf an operator submits the verdict.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

const ClaimNextReviewPayload = payloadType<ClaimedReview>(
  'ClaimNextReviewPayload',
  'A review round; all fields are null if none waits for this reviewer.',
);
builder.objectFields(ClaimNextReviewPayload, (t) => ({
  task: t.field({
    type: TaskType,
    nullable: true,
    description: 'The task to review.',
    resolve: ({ result }) => result?.task,
  }),
  round: t.int({
    nullable: true,
    description: 'The round to send with the verdict.',
    resolve: ({ result }) => result?.round,
  }),
  runId: t.id({
    nullable: true,
    description:
      'The review run. A reviewer that names its runs in heartbeats names this one too, and is told in `lostRuns` if it loses the round.',
    resolve: ({ result }) => result?.runId,
  }),
  prompt: t.string({
    nullable: true,
    description: 'The task, its result and the earlier feedback, as a prompt for a model.',
    resolve: ({ result }) => result?.prompt,
  }),
  leaseExpiresAt: t.field({
    type: 'DateTime',
    nullable: true,
    description: 'When the lease on the round expires.',
    resolve: ({ result }) => result?.leaseExpiresAt,
  }),
}));

const SubmitVerdictPayload = payloadType<SubmittedVerdict>(
  'SubmitVerdictPayload',
  'The answer of submitVerdict.',
);
builder.objectFields(SubmitVerdictPayload, (t) => ({
  task: t.field({
    type: TaskType,
    nullable: true,
    description: 'The current task.',
    resolve: ({ result }) => result?.task,
  }),
  review: t.field({
    type: ReviewType,
    nullable: true,
    description: 'The recorded verdict, including a superseded one.',
    resolve: ({ result }) => result?.review,
  }),
}));

builder.mutationFields((t) => ({
  claimNextReview: t.field({
    type: ClaimNextReviewPayload,
    authScopes: { agent: true },
    description:
      'Hands a task in REVIEW to a reviewer under a lease. It is never its own work, and never a round that another reviewer holds.',
    args: {
      input: t.arg({
        type: ClaimNextReviewInput,
        required: true,
        description: 'The reviewer and its lease.',
      }),
    },
    resolve: (_root, { input }, context) =>
      answer(
        whileWaiting(input, context, () =>
          claimNextReview(context.services, context.viewer, input, context.signal),
        ),
      ),
  }),
  submitVerdict: t.field({
    type: SubmitVerdictPayload,
    authScopes: { agent: true },
    description:
      'Submits the verdict of a review round. If the round has ended, the verdict is recorded as superseded, changes nothing and is refused with SUPERSEDED.',
    args: { input: t.arg({ type: SubmitVerdictInput, required: true, description: 'The verdict.' }) },
    resolve: async (_root, { input }, { services, viewer }) =>
      markSuperseded(await answer(submitVerdict(services, viewer, input))),
  }),
}));

/** A superseded verdict is recorded, so the payload has a result. It changed nothing, so the payload has an error too. */
function markSuperseded(payload: Payload<SubmittedVerdict>): Payload<SubmittedVerdict> {
  if (payload.result?.review.superseded !== true) return payload;
  const { review, task } = payload.result;
  const message = `Round ${review.round} of TASK-${task.number} had already ended: the verdict is recorded but changed nothing.`;
  return { ...payload, errors: [new Refusal('SUPERSEDED', message, ['round'])] };
}
