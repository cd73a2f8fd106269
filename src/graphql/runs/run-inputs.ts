import { AgentRefInput, TaskRefInput } from '../base/refs.js';
import { builder } from '../builder.js';
import { CreateTaskInput, IDEMPOTENCY_KEY } from '../tasks/task-inputs.js';

const TEN_MINUTES_MS = 600_000;
const LEASE = 'The length of the lease, which the agent can renew: 10 seconds to 24 hours.';
const ACTING_AGENT = 'The acting agent. A key that is bound to an agent may omit it.';
const RUN_ID = 'The id of the run that holds the task. It serves as the fencing token.';

export const ClaimReasonEnum = builder.enumType('ClaimReason', {
  description: 'The outcome of a claim.',
  values: {
    ASSIGNED: { description: 'A task was assigned and its run started.' },
    CONTINUE_CURRENT: {
      description: 'With `resume`: the agent already holds this task, and its lease was renewed.',
    },
    AT_CAPACITY: { description: 'The agent already holds as many tasks as its capacity allows.' },
    NO_TASKS_AVAILABLE: { description: 'No task waits that this agent may have.' },
    AGENT_PAUSED: { description: 'The agent is paused by an operator.' },
  },
});

export const ClaimNextTaskInput = builder.inputType('ClaimNextTaskInput', {
  description: 'A request of an agent for a task.',
  fields: (t) => ({
    agent: t.field({ type: AgentRefInput, description: ACTING_AGENT }),
    maxCapacity: t.int({
      description:
        'The maximum number of tasks IN_PROGRESS for this claim, 1 to 100. It can lower the setting of the agent, which applies if unset, but not raise it.',
    }),
    lease: t.field({ type: 'Duration', defaultValue: TEN_MINUTES_MS, description: LEASE }),
    waitSeconds: t.int({
      defaultValue: 0,
      description:
        'How many seconds to wait for an eligible task: 0 to 60. The number of claims of a key that wait at a time is limited.',
    }),
    resume: t.boolean({
      defaultValue: false,
      description: 'Return the oldest task that the agent already holds, if any.',
    }),
    tags: t.stringList({ description: 'Narrows the claim: only a task that has all these tags.' }),
    capabilities: t.stringList({
      description:
        'Narrows the claim: the capabilities of the agent that this session has. If unset, all of them.',
    }),
    model: t.string({
      description:
        'The model that works in this session, for `TaskRun.model`: at most 500 characters. It narrows nothing, and the `usage` of the result can correct it.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

export const HeartbeatInput = builder.inputType('HeartbeatInput', {
  description: 'A heartbeat of an agent.',
  fields: (t) => ({
    agent: t.field({ type: AgentRefInput, description: ACTING_AGENT }),
    lease: t.field({
      type: 'Duration',
      description: 'The new length of every lease. If unset, each lease keeps its length.',
    }),
    runIds: t.idList({
      description:
        'The runs and review runs on which the agent works, at most 1000. Given, `lostRuns` reports only those: an agent that has stopped working on a run stops naming it.',
    }),
    onlyRunIds: t.boolean({
      defaultValue: false,
      description:
        'Whether to renew only the leases of `runIds`. An agent with several processes needs this: otherwise each process keeps alive the runs of another that has died.',
    }),
  }),
});

export const RunInput = builder.inputType('RunInput', {
  description: 'A live run.',
  fields: (t) => ({
    runId: t.id({ required: true, description: RUN_ID }),
    lease: t.field({ type: 'Duration', description: LEASE }),
  }),
});

export const ReportProgressInput = builder.inputType('ReportProgressInput', {
  description: 'The progress of a live run.',
  fields: (t) => ({
    runId: t.id({ required: true, description: RUN_ID }),
    message: t.string({ required: true, description: 'What the agent is doing.' }),
    percent: t.float({ description: 'The completed share in percent: 0 to 100.' }),
  }),
});

const TokenUsageInput = builder.inputType('TokenUsageInput', {
  description: 'The model usage of a run.',
  fields: (t) => ({
    inputTokens: t.int({ required: true, description: 'Number of input tokens.' }),
    outputTokens: t.int({ required: true, description: 'Number of output tokens.' }),
    costUsd: t.float({ description: 'Cost in US dollars.' }),
    model: t.string({ description: 'The model that did the work: at most 500 characters.' }),
  }),
});

export const CompleteTaskInput = builder.inputType('CompleteTaskInput', {
  description: 'The result of finished work.',
  fields: (t) => ({
    runId: t.id({ description: `${RUN_ID} Agents must send it.` }),
    task: t.field({ type: TaskRefInput, description: 'An operator may name the task instead of its run.' }),
    resolution: t.string({ required: true, description: 'The result of the work: 1 to 100,000 characters.' }),
    usage: t.field({ type: TokenUsageInput, description: 'The model usage.' }),
    followUps: t.field({
      type: [CreateTaskInput],
      description:
        'Tasks to create in the same transaction, at most 100. They may depend on each other by their keys, and on the completed task, in which case they wait until it is DONE.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

export const FailTaskInput = builder.inputType('FailTaskInput', {
  description: 'A failed attempt.',
  fields: (t) => ({
    runId: t.id({ description: `${RUN_ID} Agents must send it.` }),
    task: t.field({ type: TaskRefInput, description: 'An operator may name the task instead of its run.' }),
    error: t.string({ required: true, description: 'What went wrong.' }),
    retry: t.boolean({ defaultValue: true, description: 'false: no further attempt.' }),
  }),
});

export const ReleaseTaskInput = builder.inputType('ReleaseTaskInput', {
  description: 'A task to release.',
  fields: (t) => ({
    runId: t.id({ required: true, description: RUN_ID }),
    reason: t.string({ description: 'The reason, recorded in the event log.' }),
    pass: t.boolean({
      defaultValue: false,
      description:
        'Passes the task on to another agent, even if this one was named as its assignee. This agent gets it again only if no other agent can take it.',
    }),
    to: t.field({
      type: AgentRefInput,
      description: 'With `pass`: the agent that gets the task. If unset, it goes to the inbox.',
    }),
  }),
});
