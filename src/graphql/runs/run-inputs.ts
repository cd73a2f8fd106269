import { AgentRefInput, TaskRefInput } from '../base/refs.js';
import { builder } from '../builder.js';
import { CreateTaskInput, IDEMPOTENCY_KEY } from '../tasks/task-inputs.js';

const TEN_MINUTES_MS = 600_000;
const LEASE = 'How long the agent holds the task unless it renews: 10 seconds to 24 hours.';
const ACTING_AGENT = 'May be left out with a key that is bound to an agent.';
const RUN_ID = 'The run that holds the task: its fencing token.';

export const ClaimReasonEnum = builder.enumType('ClaimReason', {
  description: 'What a claim came to.',
  values: {
    ASSIGNED: { description: 'A task was handed out; a run is open.' },
    CONTINUE_CURRENT: {
      description: 'Asked with `resume`: the task that the agent holds already, its lease renewed.',
    },
    AT_CAPACITY: { description: 'The agent holds as many tasks as it may.' },
    NO_TASKS_AVAILABLE: { description: 'No task waits for this agent or for anybody.' },
    AGENT_PAUSED: { description: 'An operator has paused the agent.' },
  },
});

export const ClaimNextTaskInput = builder.inputType('ClaimNextTaskInput', {
  description: 'An agent’s wish for a task.',
  fields: (t) => ({
    agent: t.field({ type: AgentRefInput, description: ACTING_AGENT }),
    maxCapacity: t.int({
      description: 'Tasks IN_PROGRESS at most, 1 to 100; left out, the agent’s own setting.',
    }),
    lease: t.field({ type: 'Duration', defaultValue: TEN_MINUTES_MS, description: LEASE }),
    waitSeconds: t.int({
      defaultValue: 0,
      description: 'Wait so long for a task to become eligible: 0 to 60.',
    }),
    resume: t.boolean({
      defaultValue: false,
      description: 'Answer with the oldest task that the agent holds, if it holds one.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

export const HeartbeatInput = builder.inputType('HeartbeatInput', {
  description: 'A sign of life.',
  fields: (t) => ({
    agent: t.field({ type: AgentRefInput, description: ACTING_AGENT }),
    lease: t.field({
      type: 'Duration',
      description: 'The new length of every lease; left out, each keeps its own.',
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
  description: 'How far a live run is.',
  fields: (t) => ({
    runId: t.id({ required: true, description: RUN_ID }),
    message: t.string({ required: true, description: 'What is being done.' }),
    percent: t.float({ description: 'How much is done: 0 to 100.' }),
  }),
});

const TokenUsageInput = builder.inputType('TokenUsageInput', {
  description: 'What a run consumed.',
  fields: (t) => ({
    inputTokens: t.int({ required: true, description: 'Tokens read.' }),
    outputTokens: t.int({ required: true, description: 'Tokens written.' }),
    costUsd: t.float({ description: 'Cost in US dollars.' }),
  }),
});

export const CompleteTaskInput = builder.inputType('CompleteTaskInput', {
  description: 'Work that is done.',
  fields: (t) => ({
    runId: t.id({ description: `${RUN_ID} An agent shows this.` }),
    task: t.field({ type: TaskRefInput, description: 'An operator may name the task instead of its run.' }),
    resolution: t.string({ required: true, description: 'What the work came to: 1 to 100,000 characters.' }),
    usage: t.field({ type: TokenUsageInput, description: 'What it consumed.' }),
    followUps: t.field({
      type: [CreateTaskInput],
      description:
        'Tasks that are made with the hand-in, all or none, at most 100. They may depend on the task itself, and then wait until it is DONE, and on each other by their keys.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
});

export const FailTaskInput = builder.inputType('FailTaskInput', {
  description: 'Work that failed.',
  fields: (t) => ({
    runId: t.id({ description: `${RUN_ID} An agent shows this.` }),
    task: t.field({ type: TaskRefInput, description: 'An operator may name the task instead of its run.' }),
    error: t.string({ required: true, description: 'What went wrong.' }),
    retry: t.boolean({ defaultValue: true, description: 'false: no further attempt.' }),
  }),
});

export const ReleaseTaskInput = builder.inputType('ReleaseTaskInput', {
  description: 'A task that is handed back.',
  fields: (t) => ({
    runId: t.id({ required: true, description: RUN_ID }),
    reason: t.string({ description: 'Why; it stands in the log.' }),
  }),
});
