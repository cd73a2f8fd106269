import { builder } from '../builder.js';

export const TaskStatusEnum = builder.enumType('TaskStatus', {
  description: 'Where a task stands. DONE, FAILED and CANCELLED end it.',
  values: {
    INBOX: { description: 'Nobody has it; any agent may claim it.' },
    ASSIGNED: { description: 'An agent has it and has not begun.' },
    IN_PROGRESS: { description: 'An agent works on it under a lease.' },
    REVIEW: { description: 'The work is handed in and waits for a verdict.' },
    REJECTED: { description: 'The verdict was no; passed through at once on the way to ASSIGNED or FAILED.' },
    DONE: { description: 'Approved, or not in need of a review.' },
    FAILED: { description: 'Ended without success; `failureReason` says why.' },
    CANCELLED: { description: 'Called off by an operator.' },
  },
});

export const TaskPriorityEnum = builder.enumType('TaskPriority', {
  description: 'The first key of the queue.',
  values: {
    CRITICAL: { description: 'Before everything else.' },
    HIGH: { description: 'Before the ordinary.' },
    MEDIUM: { description: 'The ordinary.' },
    LOW: { description: 'When nothing else waits.' },
  },
});

export const TaskFailureReasonEnum = builder.enumType('TaskFailureReason', {
  description: 'Why a task ended as FAILED.',
  values: {
    DISPATCH_ATTEMPTS_EXHAUSTED: { description: 'Five attempts to have it done failed.' },
    REVIEW_CYCLES_EXHAUSTED: { description: 'The work was rejected three times.' },
    STALE_REQUEUES_EXHAUSTED: { description: 'Its agents fell silent too often.' },
    FAILED_BY_AGENT: { description: 'The agent gave it up for good.' },
    FAILED_BY_OPERATOR: { description: 'An operator ended it.' },
    GATEWAY_REFUSED: {
      description: 'Its gateway refused it for good: waiting would not have helped. See `failureDetail`.',
    },
  },
});

export const ReviewPolicyEnum = builder.enumType('ReviewPolicy', {
  description: 'Whether finished work needs a verdict.',
  values: {
    REQUIRED: { description: 'Finished work waits in REVIEW for a verdict.' },
    SKIP: { description: 'Finished work is DONE at once, recorded as not reviewed.' },
  },
});

export const DependencyFailurePolicyEnum = builder.enumType('DependencyFailurePolicy', {
  description: 'What becomes of a task when one of its dependencies ends without success.',
  values: {
    BLOCK: { description: 'It waits until that one is retried and DONE, or removed from its dependencies.' },
    CANCEL: { description: 'It is cancelled as well.' },
    PROCEED: { description: 'It goes ahead without that result.' },
  },
});

export const CatchUpPolicyEnum = builder.enumType('CatchUpPolicy', {
  description: 'What becomes of due times that pass while no server is running.',
  values: {
    SKIP: { description: 'The latest one gets its task if it is less than an hour old; else none does.' },
    LATEST: { description: 'The latest one gets its task, however old it is.' },
    ALL: { description: 'Each gets its task, the latest hundred at most.' },
  },
});

export const OverlapPolicyEnum = builder.enumType('OverlapPolicy', {
  description: 'What happens at a due time while an earlier task is still open.',
  values: {
    ALLOW: { description: 'The next task is made as well.' },
    SKIP: { description: 'None is made; the reason is recorded and shown.' },
    REPLACE: {
      description: 'The next task is made; an earlier one that nobody has begun with is cancelled.',
    },
  },
});

export const PipelineRunStatusEnum = builder.enumType('PipelineRunStatus', {
  description: 'What the tasks of a pipeline run come to.',
  values: {
    RUNNING: { description: 'At least one task can still go on by itself.' },
    SUCCEEDED: { description: 'All tasks are DONE.' },
    FAILED: {
      description:
        'A task has FAILED, and no other can go on; some may wait until it is retried, which lets the run go on.',
    },
    CANCELLED: { description: 'It was called off, or tasks were cancelled and no other can go on.' },
  },
});

export const WaitingReasonEnum = builder.enumType('WaitingReason', {
  description: 'Why a task is not being worked on right now.',
  values: {
    DEPENDENCIES: { description: 'A task it depends on is not done.' },
    STARTS_LATER: { description: '`startsAt` lies ahead.' },
    NO_ASSIGNEE: { description: 'Nobody has it, and no agent is there to claim it.' },
    ASSIGNEE_OFFLINE: { description: 'Its agent has never been seen, or is silent for too long.' },
    ASSIGNEE_AT_CAPACITY: { description: 'Its agent has all hands full.' },
    ASSIGNEE_PAUSED: { description: 'Its agent is paused and gets nothing new.' },
    BACKOFF: { description: 'The last attempt failed; the next one waits a while.' },
    GATEWAY_UNREACHABLE: { description: 'The gateway of its agent does not answer.' },
    NO_REVIEWER: {
      description: 'The work waits for a verdict and the reviewing agent is not there: a person may decide.',
    },
    REVIEW_PENDING: { description: 'The work waits for a verdict.' },
    SCHEDULER_PAUSED: { description: 'The job that would move it on is paused.' },
  },
});

export const OrderDirectionEnum = builder.enumType('OrderDirection', {
  description: 'Which end of an order comes first.',
  values: {
    ASC: { description: 'From the smallest, the earliest or the head of the queue.' },
    DESC: { description: 'From the largest, the latest or the tail of the queue.' },
  },
});

export const TaskOrderFieldEnum = builder.enumType('TaskOrderField', {
  description: 'What tasks are sorted by. Equal ones follow in the order of their numbers.',
  values: {
    QUEUE: { description: 'The order of claims: priority, due date (none last), creation.' },
    CREATED_AT: { description: 'When it was created.' },
    UPDATED_AT: { description: 'When it last changed.' },
    DUE_AT: { description: 'When it is due; tasks without a due date come last.' },
    PRIORITY: { description: 'CRITICAL to LOW.' },
  },
});

export const RunOutcomeEnum = builder.enumType('RunOutcome', {
  description: 'How a run ended.',
  values: {
    RUNNING: { description: 'It has not ended.' },
    SUCCEEDED: { description: 'It handed in a resolution.' },
    FAILED: { description: 'It ended with an error.' },
    TIMED_OUT: { description: 'It took longer than it may.' },
    RELEASED: { description: 'The agent handed the task back.' },
    REQUEUED: { description: 'The task was taken from an agent that had fallen silent.' },
    CANCELLED: { description: 'The task was cancelled or reassigned meanwhile.' },
  },
});

export const RunTriggerEnum = builder.enumType('RunTrigger', {
  description: 'What began a run.',
  values: {
    CLAIM: { description: 'The agent asked for work.' },
    DISPATCH: { description: 'The dispatcher sent the task to the agent.' },
  },
});

export const ModelTierEnum = builder.enumType('ModelTier', {
  description: 'Which rule chose the model of a run.',
  values: {
    OVERRIDE: { description: 'The agent names the model.' },
    COMPLEX: { description: 'Critical, or the text says that it is hard.' },
    ROUTINE: { description: 'Not urgent, and the text says that it is easy.' },
    DEFAULT: { description: 'No rule spoke.' },
  },
});

export const VerdictEnum = builder.enumType('Verdict', {
  description: 'What a reviewer decides.',
  values: {
    APPROVED: { description: 'The work is accepted.' },
    REJECTED: { description: 'The work is sent back with feedback.' },
  },
});

export const AgentStatusEnum = builder.enumType('AgentStatus', {
  description: 'What an agent is up to, derived from what is known of it.',
  values: {
    OFFLINE: { description: 'Never seen, or silent for longer than the agent timeout.' },
    IDLE: { description: 'There, and holding no lease.' },
    BUSY: { description: 'Holding at least one live lease.' },
    PAUSED: { description: 'Paused by an operator: gets nothing new.' },
    ERROR: { description: 'Its gateway refuses it for good.' },
  },
});

export const AgentDeliveryEnum = builder.enumType('AgentDelivery', {
  description: 'How work reaches an agent.',
  values: {
    PULL: { description: 'The agent asks for work.' },
    PUSH: { description: 'The dispatcher sends it work through a gateway.' },
  },
});

export const ApiKeyRoleEnum = builder.enumType('ApiKeyRole', {
  description: 'What an API key may do.',
  values: {
    VIEWER: { description: 'Reads everything but keys.' },
    AGENT: { description: 'Acts as its one agent and sees what that needs.' },
    OPERATOR: { description: 'Runs the fleet.' },
    ADMIN: { description: 'Everything, API keys included.' },
  },
});
