import { builder } from '../builder.js';

export const TaskStatusEnum = builder.enumType('TaskStatus', {
  description: 'The state of a task. DONE, FAILED and CANCELLED end it.',
  values: {
    INBOX: { description: 'Not assigned; any agent may claim it.' },
    ASSIGNED: { description: 'Assigned to an agent that has not started it.' },
    IN_PROGRESS: { description: 'An agent works on it under a lease.' },
    INPUT_REQUIRED: {
      description: 'Its agent has asked a question and waits for the answer. No run holds it.',
    },
    REVIEW: { description: 'The work is submitted and waits for a verdict.' },
    REJECTED: {
      description:
        'The verdict was REJECTED; the task passes through this at once on the way to ASSIGNED or FAILED.',
    },
    DONE: { description: 'Approved, or completed without a review where none is required.' },
    FAILED: { description: 'Ended without success; `failureReason` gives the reason.' },
    CANCELLED: { description: 'Cancelled by an operator or by a policy.' },
  },
});

export const TaskPriorityEnum = builder.enumType('TaskPriority', {
  description: 'How urgent a task is; the first sort key of the queue.',
  values: {
    CRITICAL: { description: 'Handed out before all others.' },
    HIGH: { description: 'Handed out before MEDIUM.' },
    MEDIUM: { description: 'The default.' },
    LOW: { description: 'Handed out when no more urgent task waits.' },
  },
});

export const TaskFailureReasonEnum = builder.enumType('TaskFailureReason', {
  description: 'Why a task ended as FAILED.',
  values: {
    DISPATCH_ATTEMPTS_EXHAUSTED: { description: 'Five attempts failed.' },
    REVIEW_CYCLES_EXHAUSTED: { description: 'The work was rejected three times.' },
    STALE_REQUEUES_EXHAUSTED: { description: 'Its agents stopped responding too often.' },
    FAILED_BY_AGENT: { description: 'The agent ended it and asked for no retry.' },
    FAILED_BY_OPERATOR: { description: 'An operator failed it.' },
    GATEWAY_REFUSED: {
      description: 'Its gateway refused it permanently, so a retry would not help. See `failureDetail`.',
    },
    QUESTION_EXPIRED: {
      description: 'Its question got no answer before the deadline, and `onDeadline` is FAIL.',
    },
  },
});

export const ReviewPolicyEnum = builder.enumType('ReviewPolicy', {
  description: 'Whether finished work needs a verdict.',
  values: {
    REQUIRED: { description: 'Finished work waits in REVIEW for a verdict.' },
    SKIP: { description: 'Finished work becomes DONE at once, recorded as not reviewed.' },
  },
});

export const DependencyFailurePolicyEnum = builder.enumType('DependencyFailurePolicy', {
  description: 'What happens to a task when one of its dependencies ends without success.',
  values: {
    BLOCK: { description: 'It waits until that dependency is retried and DONE, or is removed.' },
    CANCEL: { description: 'It is cancelled too.' },
    PROCEED: { description: 'It proceeds without that result.' },
  },
});

export const CatchUpPolicyEnum = builder.enumType('CatchUpPolicy', {
  description: 'What happens to due times that pass while no server is running.',
  values: {
    SKIP: { description: 'Only the latest one creates a task, and only if it is less than an hour old.' },
    LATEST: { description: 'Only the latest one creates a task, regardless of its age.' },
    ALL: { description: 'Each one creates a task, up to the latest 100.' },
  },
});

export const OverlapPolicyEnum = builder.enumType('OverlapPolicy', {
  description: 'What happens at a due time while an earlier task is still open.',
  values: {
    ALLOW: { description: 'The next task is created too.' },
    SKIP: { description: 'No task is created; the reason is recorded.' },
    REPLACE: {
      description: 'The next task is created; an earlier one that has not been started is cancelled.',
    },
  },
});

export const PipelineRunStatusEnum = builder.enumType('PipelineRunStatus', {
  description: 'The combined state of the tasks of a pipeline run.',
  values: {
    RUNNING: { description: 'At least one task can still progress without a retry.' },
    SUCCEEDED: { description: 'All tasks are DONE.' },
    FAILED: {
      description:
        'A task has FAILED and no other task can progress. Some may be waiting for it; a retry resumes the run.',
    },
    CANCELLED: { description: 'It was cancelled, or tasks were cancelled and no other task can progress.' },
  },
});

export const WaitingReasonEnum = builder.enumType('WaitingReason', {
  description: 'Why no agent is working on a task right now.',
  values: {
    DEPENDENCIES: { description: 'A dependency is not DONE.' },
    STARTS_LATER: { description: '`startsAt` is in the future.' },
    NO_ASSIGNEE: {
      description:
        'It is in the inbox, and each agent that could take it is paused, offline or at capacity, or there is none. See `candidates`.',
    },
    NO_CAPABLE_AGENT: {
      description:
        'No agent that accepts tasks of the inbox has all the capabilities that it requires, or its assignee lacks one.',
    },
    ASSIGNEE_OFFLINE: {
      description:
        'Its agent has never been seen, or not within the agent timeout. If the task is IN_PROGRESS, the agent keeps it until its lease ends.',
    },
    ASSIGNEE_AT_CAPACITY: { description: 'Its agent holds as many tasks as its capacity allows.' },
    ASSIGNEE_PAUSED: { description: 'Its agent is paused and gets no new work.' },
    WAITING_FOR_CLAIM: {
      description:
        'Nothing holds it back: an agent that could take it only has to claim it, or is about to be sent it.',
    },
    BACKOFF: {
      description:
        'The last attempt, or the last call of the reviewer, failed, or a gateway that refuses every call has refused this work again and is tried with other work first; the retry waits for its backoff.',
    },
    RATE_LIMITED: {
      description:
        'The gateway has reached a limit (HTTP 429, or `Retry-After`) with this task or with another task of its agent (in the inbox, with tasks of each agent that could take it; in review, with any review of the reviewer), and is called again when the limit has passed. No attempt is counted.',
    },
    GATEWAY_UNREACHABLE: {
      description:
        'The gateway of its agent does not respond or refuses every call; in the inbox, that of the agents that could otherwise take it.',
    },
    NO_REVIEWER: {
      description:
        'The work waits for a verdict and the reviewing agent is not available. A person may decide.',
    },
    REVIEW_PENDING: { description: 'The work waits for a verdict.' },
    SCHEDULER_PAUSED: { description: 'The scheduler job that would handle it is paused.' },
    QUESTION: { description: 'Its agent has asked a question that waits for an answer. See `questions`.' },
    NO_FREE_SLOT: {
      description:
        'Its PUSH agent has capacity, but the servers have no free slot for a call to it: MC_DISPATCH_CONCURRENCY, less what is reserved for other agents and gateways.',
    },
  },
});

export const OrderDirectionEnum = builder.enumType('OrderDirection', {
  description: 'The direction of a sort order.',
  values: {
    ASC: { description: 'Ascending: smallest, earliest or head of the queue first.' },
    DESC: { description: 'Descending: largest, latest or tail of the queue first.' },
  },
});

export const TaskOrderFieldEnum = builder.enumType('TaskOrderField', {
  description: 'What tasks are sorted by. Ties are sorted by task number.',
  values: {
    QUEUE: {
      description: 'The order of claims: priority, due date (tasks without one last), creation time.',
    },
    CREATED_AT: { description: 'When it was created.' },
    UPDATED_AT: { description: 'When it last changed.' },
    STATUS_AT: { description: 'When it got its status.' },
    STARTED_AT: { description: 'When its latest attempt began; tasks without an attempt are last.' },
    DUE_AT: { description: 'When it is due; tasks without a due date are last.' },
    COMPLETED_AT: { description: 'When it ended; tasks that have not ended are last.' },
    PRIORITY: { description: 'CRITICAL to LOW.' },
  },
});

export const TaskCountKeyEnum = builder.enumType('TaskCountKey', {
  description: 'What tasks are counted by.',
  values: {
    STATUS: { description: 'The status.' },
    ASSIGNEE: { description: 'The agent that the task is assigned to.' },
    PRIORITY: { description: 'The priority.' },
    TAG: { description: 'Each of the tags.' },
    MODEL: { description: 'The model of the latest attempt.' },
    FAILURE_REASON: { description: 'Why the task is FAILED.' },
  },
});

export const RunOutcomeEnum = builder.enumType('RunOutcome', {
  description: 'How a run ended.',
  values: {
    RUNNING: { description: 'It is still running.' },
    SUCCEEDED: { description: 'It submitted its result.' },
    FAILED: { description: 'It ended with an error.' },
    TIMED_OUT: { description: 'It exceeded its time limit.' },
    RELEASED: { description: 'The agent or the server released the task. It is not a failed attempt.' },
    REQUEUED: { description: 'The task was taken from an agent that had stopped responding.' },
    CANCELLED: { description: 'The task was cancelled or reassigned during the run.' },
    SUSPENDED: {
      description: 'The agent asked a question. It is not a failed attempt: the answer starts another run.',
    },
  },
});

export const QuestionKindEnum = builder.enumType('QuestionKind', {
  description: 'The kind of answer that a question asks for.',
  values: {
    TEXT: { description: 'A text.' },
    CHOICE: { description: 'One of its options, or several of them if `multiple` is true.' },
    CONFIRM: { description: 'Yes or no.' },
  },
});

export const QuestionStatusEnum = builder.enumType('QuestionStatus', {
  description: 'The state of a question. Only an OPEN question can be answered.',
  values: {
    OPEN: { description: 'It waits for an answer.' },
    ANSWERED: { description: 'It was answered, or its default became the answer at the deadline.' },
    WITHDRAWN: { description: 'It was withdrawn: the agent goes on without an answer.' },
    EXPIRED: { description: 'Its deadline passed and failed the task.' },
    CLOSED: { description: 'Its task ended while it waited for an answer.' },
  },
});

export const DeadlinePolicyEnum = builder.enumType('DeadlinePolicy', {
  description: 'What happens when the deadline of a question passes without an answer.',
  values: {
    ESCALATE: { description: 'It stays open, and the event `question.escalated` says so.' },
    USE_DEFAULT: { description: 'Its default becomes the answer.' },
    FAIL: { description: 'The task ends as FAILED, with the reason QUESTION_EXPIRED.' },
  },
});

export const RunTriggerEnum = builder.enumType('RunTrigger', {
  description: 'What started a run.',
  values: {
    CLAIM: { description: 'The agent claimed the work.' },
    DISPATCH: { description: 'The dispatcher sent the work to the agent.' },
  },
});

export const ModelTierEnum = builder.enumType('ModelTier', {
  description: 'Which rule chose the model of a run.',
  values: {
    OVERRIDE: { description: 'The agent sets the model.' },
    COMPLEX: { description: 'The task is CRITICAL, or its text indicates hard work.' },
    ROUTINE: { description: 'The task is not urgent, and its text indicates easy work.' },
    DEFAULT: { description: 'No rule applied.' },
  },
});

export const VerdictEnum = builder.enumType('Verdict', {
  description: 'The decision of a reviewer.',
  values: {
    APPROVED: { description: 'The work is accepted.' },
    REJECTED: { description: 'The work is sent back with feedback.' },
  },
});

export const AgentStatusEnum = builder.enumType('AgentStatus', {
  description: 'The state of an agent, derived from its last call, its leases, its gateway and pauses.',
  values: {
    OFFLINE: { description: 'Never seen, or not seen within the agent timeout.' },
    IDLE: { description: 'Online without a live lease.' },
    BUSY: { description: 'Online with at least one live lease.' },
    PAUSED: { description: 'Paused by an operator: gets no new work.' },
    ERROR: { description: 'Its gateway refuses it permanently.' },
  },
});

export const AgentDeliveryEnum = builder.enumType('AgentDelivery', {
  description: 'How work reaches an agent.',
  values: {
    PULL: { description: 'The agent claims its work.' },
    PUSH: { description: 'The dispatcher sends it work through a gateway.' },
  },
});

export const ApiKeyRoleEnum = builder.enumType('ApiKeyRole', {
  description: 'What an API key may do.',
  values: {
    VIEWER: { description: 'Reads everything except API keys.' },
    AGENT: { description: 'Acts as one agent and sees only what that agent needs.' },
    OPERATOR: { description: 'Manages tasks, agents, pipelines, recurring tasks and scheduler jobs.' },
    ADMIN: { description: 'May do everything, including managing API keys.' },
  },
});
