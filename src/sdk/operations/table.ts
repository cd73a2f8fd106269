import * as documents from '../../generated/operations.js';
import { completeAndClaim } from './complete-and-claim.js';
import { mutation, query } from './operation.js';
import { pages, pagesOf } from './pages.js';
import { always, withKey, withKeys, withoutVersion } from './repeatable.js';

/** Every operation that is a method of the client, by the name of its field in the schema. */
export const calls = {
  // Tasks
  createTask: mutation(documents.CreateTaskDocument, { withKey }),
  createTasks: mutation(documents.CreateTasksDocument, { withKey: withKeys }),
  updateTask: mutation(documents.UpdateTaskDocument, { isRepeatable: withoutVersion }),
  assignTask: mutation(documents.AssignTaskDocument, { isRepeatable: withoutVersion }),
  cancelTask: mutation(documents.CancelTaskDocument),
  retryTask: mutation(documents.RetryTaskDocument),
  assignTasks: mutation(documents.AssignTasksDocument),
  cancelTasks: mutation(documents.CancelTasksDocument),
  retryTasks: mutation(documents.RetryTasksDocument),
  addDependency: mutation(documents.AddDependencyDocument, { isRepeatable: always }),
  removeDependency: mutation(documents.RemoveDependencyDocument, { isRepeatable: always }),
  addComment: mutation(documents.AddCommentDocument, { withKey }),
  task: query(documents.TaskDocument),
  tasksById: query(documents.TasksByIdDocument),
  taskCandidates: query(documents.TaskCandidatesDocument),
  taskCounts: query(documents.TaskCountsDocument),
  tags: query(documents.TagsDocument),
  classifyTask: query(documents.ClassifyTaskDocument),

  // Runs
  claimNextTask: mutation(documents.ClaimNextTaskDocument, {
    withKey,
    maybe: ['task', 'run', 'nextEligibleAt', 'questions', 'comments'],
  }),
  completeTask: mutation(documents.CompleteTaskDocument, { withKey }),
  completeAndClaim,
  failTask: mutation(documents.FailTaskDocument, { isRepeatable: namesRun }),
  releaseTask: mutation(documents.ReleaseTaskDocument, { isRepeatable: namesRun }),
  reportProgress: mutation(documents.ReportProgressDocument, { isRepeatable: always }),
  renewLease: mutation(documents.RenewLeaseDocument, { isRepeatable: always }),
  heartbeat: mutation(documents.HeartbeatDocument, { isRepeatable: always }),
  nextTask: query(documents.NextTaskDocument),

  // Questions
  askQuestion: mutation(documents.AskQuestionDocument, { withKey }),
  answerQuestion: mutation(documents.AnswerQuestionDocument, { withKey }),
  withdrawQuestion: mutation(documents.WithdrawQuestionDocument, { isRepeatable: always }),
  question: query(documents.QuestionDocument),

  // Reviews
  claimNextReview: mutation(documents.ClaimNextReviewDocument, {
    // A round that the reviewer holds already is returned first.
    isRepeatable: always,
    maybe: ['task', 'runId', 'round', 'prompt', 'leaseExpiresAt'],
  }),
  submitVerdict: mutation(documents.SubmitVerdictDocument, { withKey }),

  // Agents
  registerAgent: mutation(documents.RegisterAgentDocument, { isRepeatable: always }),
  updateAgent: mutation(documents.UpdateAgentDocument, { isRepeatable: withoutVersion }),
  pauseAgent: mutation(documents.PauseAgentDocument, { isRepeatable: always }),
  resumeAgent: mutation(documents.ResumeAgentDocument, { isRepeatable: always }),
  disconnectAgent: mutation(documents.DisconnectAgentDocument, { isRepeatable: always }),
  agent: query(documents.AgentDocument),
  soulTemplates: query(documents.SoulTemplatesDocument),

  // Keys
  createApiKey: mutation(documents.CreateApiKeyDocument),
  revokeApiKey: mutation(documents.RevokeApiKeyDocument, { isRepeatable: always }),
  createSignInLink: mutation(documents.CreateSignInLinkDocument),
  viewer: query(documents.ViewerDocument),

  // Recurring tasks
  createRecurringTask: mutation(documents.CreateRecurringTaskDocument, { withKey }),
  updateRecurringTask: mutation(documents.UpdateRecurringTaskDocument, { isRepeatable: withoutVersion }),
  pauseRecurringTask: mutation(documents.PauseRecurringTaskDocument, { isRepeatable: always }),
  resumeRecurringTask: mutation(documents.ResumeRecurringTaskDocument, { isRepeatable: always }),
  fireRecurringTask: mutation(documents.FireRecurringTaskDocument),
  removeRecurringTask: mutation(documents.RemoveRecurringTaskDocument),
  recurringTask: query(documents.RecurringTaskDocument),
  previewSchedule: query(documents.PreviewScheduleDocument),

  // Pipelines
  createPipeline: mutation(documents.CreatePipelineDocument),
  updatePipeline: mutation(documents.UpdatePipelineDocument, { isRepeatable: withoutVersion }),
  removePipeline: mutation(documents.RemovePipelineDocument),
  startPipeline: mutation(documents.StartPipelineDocument, { withKey }),
  cancelPipelineRun: mutation(documents.CancelPipelineRunDocument, { isRepeatable: always }),
  pipeline: query(documents.PipelineDocument),
  pipelineRun: query(documents.PipelineRunDocument),

  // Webhooks
  createWebhook: mutation(documents.CreateWebhookDocument),
  updateWebhook: mutation(documents.UpdateWebhookDocument, { isRepeatable: always }),
  pauseWebhook: mutation(documents.PauseWebhookDocument, { isRepeatable: always }),
  resumeWebhook: mutation(documents.ResumeWebhookDocument, { isRepeatable: always }),
  replayWebhook: mutation(documents.ReplayWebhookDocument),
  pingWebhook: mutation(documents.PingWebhookDocument, { maybe: ['status', 'error', 'answer'] }),
  rotateWebhookSecret: mutation(documents.RotateWebhookSecretDocument),
  removeWebhook: mutation(documents.RemoveWebhookDocument),
  webhook: query(documents.WebhookDocument),

  // Events and operation
  lastEvents: query(documents.LastEventsDocument),
  eventCursor: query(documents.EventCursorDocument),
  eventTypes: query(documents.EventTypesDocument),
  overview: query(documents.OverviewDocument),
  acknowledge: mutation(documents.AcknowledgeDocument, { isRepeatable: always }),
  server: query(documents.ServerDocument),
  gateways: query(documents.GatewaysDocument),
  schedulerJobs: query(documents.SchedulerJobsDocument),
  runSchedulerJob: mutation(documents.RunSchedulerJobDocument),
  pauseSchedulerJob: mutation(documents.PauseSchedulerJobDocument, { isRepeatable: always }),
  resumeSchedulerJob: mutation(documents.ResumeSchedulerJobDocument, { isRepeatable: always }),
};

/** Every list that is a method of the client. */
export const lists = {
  tasks: pages(documents.TasksDocument),
  taskComments: pagesOf(documents.TaskCommentsDocument),
  taskRuns: pagesOf(documents.TaskRunsDocument),
  runs: pages(documents.RunsDocument),
  questions: pages(documents.QuestionsDocument),
  agents: pages(documents.AgentsDocument),
  apiKeys: pages(documents.ApiKeysDocument),
  recurringTasks: pages(documents.RecurringTasksDocument),
  recurringHistory: pagesOf(documents.RecurringHistoryDocument),
  pipelines: pages(documents.PipelinesDocument),
  pipelineRuns: pagesOf(documents.PipelineRunsDocument),
  webhooks: pages(documents.WebhooksDocument),
  webhookDeliveries: pagesOf(documents.WebhookDeliveriesDocument),
  events: pages(documents.EventsDocument),
  needsAttention: pages(documents.NeedsAttentionDocument),
};

/** The same call with the same run is answered as the first one; without a run it means the run that is live then. */
function namesRun(input: { readonly runId?: string | null | undefined }): boolean {
  return input.runId != null;
}
