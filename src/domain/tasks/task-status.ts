/** The statuses of a task, in the order of its lifecycle. */
export const TASK_STATUSES = [
  'INBOX',
  'ASSIGNED',
  'IN_PROGRESS',
  'INPUT_REQUIRED',
  'REVIEW',
  'REJECTED',
  'DONE',
  'FAILED',
  'CANCELLED',
] as const;

/** The status of a task. */
export type TaskStatus = (typeof TASK_STATUSES)[number];

/** A change from one status to another. */
export interface Transition {
  readonly from: TaskStatus;
  readonly to: TaskStatus;
  /** The verbs that cause this change, for the diagram and for error messages. */
  readonly by: readonly string[];
}

/**
 * The only table of status changes. The guard in services, `Task.allowedTransitions`, the diagram in
 * docs/state-machine.md and the tests derive from it. A test compares it with the trigger in the database.
 */
export const TRANSITIONS: readonly Transition[] = [
  { from: 'INBOX', to: 'ASSIGNED', by: ['assign'] },
  { from: 'INBOX', to: 'IN_PROGRESS', by: ['claim', 'dispatch'] },
  { from: 'INBOX', to: 'CANCELLED', by: ['cancel'] },
  { from: 'ASSIGNED', to: 'INBOX', by: ['unassign', 'silent agent without a pin'] },
  { from: 'ASSIGNED', to: 'ASSIGNED', by: ['reassign'] },
  { from: 'ASSIGNED', to: 'IN_PROGRESS', by: ['claim', 'dispatch'] },
  { from: 'ASSIGNED', to: 'CANCELLED', by: ['cancel'] },
  { from: 'IN_PROGRESS', to: 'INPUT_REQUIRED', by: ['ask'] },
  { from: 'IN_PROGRESS', to: 'REVIEW', by: ['complete'] },
  { from: 'IN_PROGRESS', to: 'DONE', by: ['complete without review'] },
  {
    from: 'IN_PROGRESS',
    to: 'ASSIGNED',
    by: ['release', 'pass to an agent', 'failed attempt', 'stale requeue', 'reassign in mid-dispatch'],
  },
  {
    from: 'IN_PROGRESS',
    to: 'INBOX',
    by: ['release without a pin', 'pass', 'failed attempt without a pin', 'stale requeue without a pin'],
  },
  { from: 'IN_PROGRESS', to: 'FAILED', by: ['fail', 'attempts exhausted', 'requeues exhausted'] },
  { from: 'IN_PROGRESS', to: 'CANCELLED', by: ['cancel'] },
  {
    from: 'INPUT_REQUIRED',
    to: 'ASSIGNED',
    by: ['answer', 'withdraw the question', 'default at the deadline'],
  },
  { from: 'INPUT_REQUIRED', to: 'INBOX', by: ['answer for a silent agent without a pin'] },
  { from: 'INPUT_REQUIRED', to: 'FAILED', by: ['question expired'] },
  { from: 'INPUT_REQUIRED', to: 'CANCELLED', by: ['cancel'] },
  { from: 'REVIEW', to: 'DONE', by: ['approve'] },
  { from: 'REVIEW', to: 'REJECTED', by: ['reject'] },
  { from: 'REVIEW', to: 'CANCELLED', by: ['cancel'] },
  { from: 'REJECTED', to: 'ASSIGNED', by: ['next cycle'] },
  { from: 'REJECTED', to: 'FAILED', by: ['cycles exhausted'] },
  { from: 'REJECTED', to: 'CANCELLED', by: ['cancel'] },
  { from: 'FAILED', to: 'ASSIGNED', by: ['retry'] },
  { from: 'FAILED', to: 'INBOX', by: ['retry'] },
  { from: 'CANCELLED', to: 'ASSIGNED', by: ['retry'] },
  { from: 'CANCELLED', to: 'INBOX', by: ['retry'] },
];

/** The statuses that a new task can have. */
export const FIRST_STATUSES: readonly TaskStatus[] = ['INBOX', 'ASSIGNED'];

const TARGETS = new Map<TaskStatus, readonly TaskStatus[]>(
  TASK_STATUSES.map((from) => [
    from,
    TRANSITIONS.filter((move) => move.from === from).map((move) => move.to),
  ]),
);

/** The statuses that a task in this status may change to, in the order of the table. Empty for DONE. */
export function allowedTransitions(from: TaskStatus): readonly TaskStatus[] {
  return TARGETS.get(from) ?? [];
}

/** Whether the table has this change. */
export function isAllowedTransition(from: TaskStatus, to: TaskStatus): boolean {
  return allowedTransitions(from).includes(to);
}

/**
 * Whether the status ends a task: DONE, FAILED or CANCELLED. Only an explicit retry reopens FAILED and CANCELLED tasks.
 */
export function isTerminal(status: TaskStatus): boolean {
  return status === 'DONE' || status === 'FAILED' || status === 'CANCELLED';
}
