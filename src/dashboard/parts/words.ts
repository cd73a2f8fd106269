import type { AgentStatus, TaskPriority, TaskStatus, WaitingReason } from '../../sdk/index.js';

/** How a status looks: a shape beside its word, so that the colour is never alone. */
export interface StatusLook {
  readonly word: string;
  readonly shape: string;
  readonly tone: 'quiet' | 'working' | 'waiting' | 'good' | 'bad' | 'warning';
  readonly pulses?: boolean;
}

/** The looks of task statuses, in the order of the lifecycle. A status of a newer server is shown by its name. */
const looks: Readonly<Record<string, StatusLook>> = {
  INBOX: { word: 'Inbox', shape: '○', tone: 'quiet' },
  ASSIGNED: { word: 'Assigned', shape: '◔', tone: 'waiting' },
  IN_PROGRESS: { word: 'In progress', shape: '●', tone: 'working', pulses: true },
  INPUT_REQUIRED: { word: 'Needs input', shape: '?', tone: 'warning' },
  REVIEW: { word: 'Review', shape: '◇', tone: 'waiting' },
  REJECTED: { word: 'Rejected', shape: '↺', tone: 'warning' },
  DONE: { word: 'Done', shape: '✓', tone: 'good' },
  FAILED: { word: 'Failed', shape: '✕', tone: 'bad' },
  CANCELLED: { word: 'Cancelled', shape: '–', tone: 'quiet' },
};

/** How the status of a task looks. */
export function lookOf(status: TaskStatus): StatusLook {
  return looks[status] ?? { word: sentence(status), shape: '·', tone: 'quiet' };
}

/** How the status of an agent looks. */
export function agentLook(status: AgentStatus): StatusLook {
  const known: Readonly<Record<string, StatusLook>> = {
    IDLE: { word: 'Idle', shape: '○', tone: 'good' },
    BUSY: { word: 'Busy', shape: '●', tone: 'working' },
    PAUSED: { word: 'Paused', shape: '‖', tone: 'warning' },
    OFFLINE: { word: 'Offline', shape: '◌', tone: 'quiet' },
    ERROR: { word: 'Error', shape: '✕', tone: 'bad' },
  };
  return known[status] ?? { word: sentence(status), shape: '·', tone: 'quiet' };
}

/** The priorities, the most urgent first. */
export const PRIORITIES = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'] as const;

/** The mark of a priority; medium has none. */
export const priorityMarks: Readonly<Record<TaskPriority, string>> = {
  CRITICAL: '‼',
  HIGH: '↑',
  MEDIUM: '',
  LOW: '↓',
};

const waits: Readonly<Record<string, string>> = {
  ASSIGNEE_AT_CAPACITY: 'its agent is full',
  ASSIGNEE_OFFLINE: 'its agent is offline',
  ASSIGNEE_PAUSED: 'its agent is paused',
  BACKOFF: 'waits before the next attempt',
  DEPENDENCIES: 'waits for other tasks',
  GATEWAY_UNREACHABLE: 'the gateway does not answer',
  NO_ASSIGNEE: 'no free agent',
  NO_CAPABLE_AGENT: 'no agent has the capabilities',
  NO_FREE_SLOT: 'no free slot for a call',
  NO_REVIEWER: 'no reviewer is available',
  RATE_LIMITED: 'the gateway limits the rate',
  REVIEW_PENDING: 'waits for a verdict',
  SCHEDULER_PAUSED: 'the scheduler is paused',
  STARTS_LATER: 'starts later',
  WAITING_FOR_CLAIM: 'can be claimed',
  QUESTION: 'waits for an answer',
};

/** The names of the reasons. */
export const WAITING_REASONS = Object.keys(waits);

/** Why a task waits, in words. */
export function waitText(reason: WaitingReason): string {
  return waits[reason] ?? sentence(reason).toLowerCase();
}

/** The reasons where there is room for two words. */
const shortWaits: Readonly<Record<string, string>> = {
  ASSIGNEE_AT_CAPACITY: 'agent full',
  ASSIGNEE_OFFLINE: 'agent offline',
  ASSIGNEE_PAUSED: 'agent paused',
  BACKOFF: 'backoff',
  DEPENDENCIES: 'other tasks',
  GATEWAY_UNREACHABLE: 'gateway down',
  NO_ASSIGNEE: 'no agent',
  NO_CAPABLE_AGENT: 'not capable',
  NO_FREE_SLOT: 'no slot',
  NO_REVIEWER: 'no reviewer',
  RATE_LIMITED: 'rate limit',
  REVIEW_PENDING: 'needs verdict',
  SCHEDULER_PAUSED: 'scheduler off',
  QUESTION: 'needs answer',
};

/** Why a task waits, in one or two words. */
export function shortWaitText(reason: WaitingReason): string {
  return shortWaits[reason] ?? waitText(reason);
}

/** NAMES_OF_THE_API as a sentence. */
export function sentence(name: string): string {
  const words = name.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Words as a list: `a, b and c`. */
export function listOf(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** A number with its noun: `1 task`, `3 tasks`. */
export function countOf(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
