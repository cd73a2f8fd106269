/**
 * How a query reaches the seeded instances of each type of object: `%` stands for a field of the type. Types that only
 * mutations answer are in calls.ts.
 */
const nodes = (type: string, ids: string) => `nodes(ids: $${ids}) { ... on ${type} { % } }`;
const tasks = (fields: string) => nodes('Task', 'tasks').replace('%', fields);
const own = 'agent(ref: { name: "own" })';
const webhooks = (fields: string) => `webhooks { nodes { ${fields} } }`;
const recurring = (fields: string) => nodes('RecurringTask', 'recurringTasks').replace('%', fields);
const pipeline = (fields: string) => nodes('Pipeline', 'pipelines').replace('%', fields);

export const ROUTES: Readonly<Record<string, string>> = {
  Agent: `${own} { % }`,
  AgentConfig: `${own} { config { % } }`,
  AgentStats: `${own} { stats { % } }`,
  ReviewerStats: `${own} { reviewStats { % } }`,
  ...connection('Agent', 'agents'),
  ApiKey: nodes('ApiKey', 'keys'),
  ...connection('ApiKey', 'apiKeys'),
  AttentionItem:
    'needsAttention(first: 100) { nodes { % } } seen: needsAttention(acknowledged: true) { nodes { % } }',
  ...connection('Attention', 'needsAttention'),
  AttentionSummary: 'attentionSummary { % }',
  AttentionCount: 'attentionSummary { counts { % } }',
  Candidate: tasks('candidates { % }'),
  Comment: nodes('Comment', 'comments'),
  ...ofTask('Comment', 'comments'),
  DependencyResult: tasks('dependencyResults { % }'),
  TaskInput: tasks('inputs { % }'),
  ...connection('Event', 'events'),
  EventTypeInfo: 'eventTypes { % }',
  Gateway: 'gateways { % }',
  ModelRoute: 'classifyTask(title: "Find the root cause") { % }',
  Overview: 'overview { % }',
  TaskCount: 'overview { taskCounts { % } }',
  ThroughputPoint: 'overview { throughput { % } }',
  AttemptTimes: 'overview { attemptTimes { % } }',
  TimeSpread: 'overview { attemptTimes { waits { % } runs { % } } }',
  PageInfo: 'agents { pageInfo { % } }',
  Pipeline: nodes('Pipeline', 'pipelines'),
  ...connection('Pipeline', 'pipelines'),
  PipelineStep: pipeline('steps { % }'),
  TaskTemplate: pipeline('steps { template { % } }'),
  PipelineRun: nodes('PipelineRun', 'pipelineRuns'),
  PipelineRunConnection: pipeline('runs { % }'),
  PipelineRunEdge: pipeline('runs { edges { % } }'),
  Answer: nodes('Question', 'questions').replace('%', 'answer { % }'),
  DefaultAnswer: nodes('Question', 'questions').replace('%', 'default { % }'),
  Question: nodes('Question', 'questions'),
  ...ofTask('Question', 'questions'),
  QuestionOption: nodes('Question', 'questions').replace('%', 'options { % }'),
  RecurringTask: nodes('RecurringTask', 'recurringTasks'),
  ...connection('RecurringTask', 'recurringTasks'),
  RecurringFiring: recurring('history { nodes { % } }'),
  RecurringFiringConnection: recurring('history { % }'),
  RecurringFiringEdge: recurring('history { edges { % } }'),
  Review: nodes('Review', 'reviews'),
  ...ofTask('Review', 'reviews'),
  ReviewRun: nodes('ReviewRun', 'reviewRuns'),
  ...ofTask('ReviewRun', 'reviewRuns'),
  SchedulePreview: 'previewSchedule(schedule: "daily") { % } other: previewSchedule(schedule: "often") { % }',
  SchedulerJob: 'schedulerJobs { % }',
  ServerInfo: 'server { % }',
  SoulTemplate: 'soulTemplates { % }',
  SystemActor: tasks('createdBy { ... on SystemActor { % } }'),
  Task: nodes('Task', 'tasks'),
  ...connection('Task', 'tasks'),
  TaskRun: nodes('TaskRun', 'runs'),
  ...ofTask('TaskRun', 'runs'),
  TaskCountGroup: 'taskCounts(by: ASSIGNEE) { % }',
  TokenUsage: `${nodes('TaskRun', 'runs').replace('%', 'usage { % }')} other: ${nodes('ReviewRun', 'reviewRuns').replace('%', 'usage { % }')}`,
  Viewer: 'viewer { % }',
  Webhook: 'webhooks { nodes { % } }',
  ...connection('Webhook', 'webhooks'),
  WebhookDelivery: webhooks('deliveries { nodes { % } }'),
  WebhookDeliveryConnection: webhooks('deliveries { % }'),
  WebhookDeliveryEdge: webhooks('deliveries { edges { % } }'),
};

/** The route of a type of event. */
export function eventRoute(type: string): string {
  return `events(last: 100) { nodes { ... on ${type} { % } } }`;
}

/** The calls of the queries. The variables are those of the seed, with the first of each as `one…`. */
export const QUERIES: Readonly<Record<string, string>> = {
  agent: `${own} { name }`,
  agents: 'agents { nodes { name } }',
  apiKeys: 'apiKeys { nodes { name } }',
  attentionSummary: 'attentionSummary { total }',
  classifyTask: 'classifyTask(title: "x") { tier }',
  eventTypes: 'eventTypes { name }',
  eventCursor: 'eventCursor(at: "2026-01-01T00:00:00Z")',
  events: 'events(last: 100) { nodes { ... on TaskEvent { task { id } } } }',
  gateways: 'gateways { name }',
  needsAttention: 'needsAttention { nodes { id } }',
  nextTask: 'nextTask(agent: { name: "own" }) { id }',
  node: 'node(id: $oneRun) { id }',
  nodes: 'nodes(ids: $tasks) { id }',
  overview: 'overview { agentsTotal }',
  pipeline: 'pipeline(name: "pipeline") { id }',
  pipelineRun: 'pipelineRun(id: $onePipelineRun) { id }',
  pipelines: 'pipelines { nodes { id } }',
  previewSchedule: 'previewSchedule(schedule: "daily") { valid }',
  question: 'question(id: $oneQuestion) { id }',
  questions: 'questions { nodes { id } }',
  recurringTask: 'recurringTask(id: $oneRecurringTask) { id }',
  recurringTasks: 'recurringTasks { nodes { id } }',
  runs: 'runs(first: 100) { nodes { id } }',
  schedulerJobs: 'schedulerJobs { name }',
  server: 'server { version }',
  soulTemplates: 'soulTemplates { name }',
  tags: 'tags',
  task: 'task(ref: { id: $oneTask }) { id }',
  taskCounts: 'taskCounts(by: STATUS) { count }',
  tasks: 'tasks(first: 100) { nodes { id } }',
  viewer: 'viewer { role }',
  webhook: 'webhook(id: $oneWebhook) { id }',
  webhooks: 'webhooks { nodes { id } }',
};

function connection(type: string, field: string): Record<string, string> {
  return {
    [`${type}Connection`]: `${field}(first: 100) { % }`,
    [`${type}Edge`]: `${field}(first: 100) { edges { % } }`,
  };
}

function ofTask(type: string, field: string): Record<string, string> {
  return {
    [`${type}Connection`]: tasks(`${field} { % }`),
    [`${type}Edge`]: tasks(`${field} { edges { % } }`),
  };
}
