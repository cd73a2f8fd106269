/** The limits of inputs, in one place, so that the docs, `Query.server.limits` and the checks agree. */
export const LIMITS = {
  idLength: 255,
  titleLength: 500,
  descriptionLength: 100_000,
  resolutionLength: 100_000,
  commentLength: 50_000,
  feedbackLength: 50_000,
  errorLength: 50_000,
  progressLength: 2_000,
  soulLength: 100_000,
  tags: 50,
  tagLength: 100,
  capabilities: 100,
  metadataBytes: 65_536,
  metadataDepth: 20,
  dependencies: 100,
  tasksPerCall: 100,
  bulkTasks: 1_000,
  runIds: 1_000,
  pipelineSteps: 1_000,
  /** Titles, descriptions and tags of all steps together, as written and with the placeholders replaced. */
  pipelineTextLength: 2_000_000,
  keyNameLength: 100,
  recurringNameLength: 100,
  dueInMinMs: 1_000,
  dueInMaxMs: 3_650 * 86_400_000,
  nextRuns: 50,
  questionLength: 20_000,
  answerLength: 20_000,
  questionOptions: 50,
  optionLabelLength: 500,
  optionDescriptionLength: 2_000,
  openQuestionsPerTask: 20,
  deadlineMinMs: 1_000,
  deadlineMaxMs: 365 * 86_400_000,
  idempotencyKeyLength: 255,
  capacityMin: 1,
  capacityMax: 100,
  leaseMinMs: 10_000,
  leaseMaxMs: 86_400_000,
  leaseDefaultMs: 600_000,
  waitSecondsMax: 60,
  tokensMax: 2_147_483_647,
} as const;

/** The number of failed attempts at which a task fails. */
export const MAX_DISPATCH_ATTEMPTS = 5;

/** The number of rejections at which a task fails. */
export const MAX_REVIEW_CYCLES = 3;

/** The number of stale requeues after which the next stall fails a task. */
export const MAX_STALE_REQUEUES = 5;

/** The number of reviewer failures in one round at which a person must judge. They do not count against the task. */
export const MAX_REVIEWER_FAILURES = 5;
