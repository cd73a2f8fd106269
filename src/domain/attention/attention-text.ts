import type { AttentionDetails, SilenceDetails, StuckDetails } from './attention-details.js';

/** The maximum length of the text of an item. */
const MAX_LENGTH = 300;

/** Describes an item in one line for people. */
export function describeAttention(details: AttentionDetails): string {
  const line = describe(details).replaceAll(/\s+/g, ' ').trim();
  return line.length <= MAX_LENGTH ? line : `${line.slice(0, MAX_LENGTH - 1).trimEnd()}…`;
}

function describe(details: AttentionDetails): string {
  switch (details.kind) {
    case 'QUESTION':
      return `${details.agent} asks about ${details.ref}${details.isLate ? ', and the deadline has passed' : ''}: ${details.question}`;
    case 'REVIEW':
      return `${details.ref} waits for a verdict from a person: ${
        details.reviewer === null
          ? 'no reviewer is available'
          : `${details.reviewer} gave none${withColon(details.error)}`
      }. ${quote(details.title)}`;
    case 'TASK_FAILED':
      return `${details.ref} failed${withColon(details.detail ?? details.reason)}. ${quote(details.title)}`;
    case 'TASK_STUCK':
      return `${details.ref} waits, and no agent can take it: ${describeMissing(details).join('; ')}. ${quote(details.title)}`;
    case 'AGENT_SILENT':
      return `${details.name} ${details.hasCalled ? 'is silent' : 'has never called'} and ${describeWork(details)}.`;
    case 'GATEWAY':
      return describeGateway(details);
    case 'WEBHOOK':
      return details.pauseReason === null
        ? `The webhook to ${details.host} fails and is retried${withColon(details.error)}.`
        : `The webhook to ${details.host} was paused: ${details.pauseReason}`;
    case 'SCHEDULE':
      return details.reason === null
        ? `The recurring task ${details.name} was due and has created no task: see the job spawnRecurringTasks.`
        : `The recurring task ${details.name} created no task when it was due: ${details.reason}`;
  }
}

/** What an agent would need to take the task, one entry for each way. */
export function describeMissing({ lacking, absent, blockers }: Omit<StuckDetails, keyof object>): string[] {
  const missing = [
    ...(lacking.length === 0 ? [] : [`no agent for it has ${lacking.join(', ')}`]),
    ...absent,
    ...blockers.map((blocker) => `depends on ${blocker}`),
  ];
  return missing.length === 0 ? ['no agent takes tasks of the inbox'] : missing;
}

function describeWork({ holds, assigned }: SilenceDetails): string {
  const held =
    holds.length === 0 ? [] : [`holds ${holds.slice(0, 5).join(', ')}${holds.length > 5 ? '…' : ''}`];
  const waiting =
    assigned === 0 ? [] : [assigned === 1 ? 'one task waits for it' : `${assigned} tasks wait for it`];
  return [...held, ...waiting].join(', and ');
}

function describeGateway({
  gateway,
  state,
  error,
  remedy,
}: Extract<AttentionDetails, { kind: 'GATEWAY' }>): string {
  if (state === 'UNKNOWN') return `This server has no gateway ${gateway}, but agents use it.`;
  if (state === 'BROKEN')
    return `The gateway ${gateway} refuses every call${withColon(error)}. ${remedy ?? ''}`;
  return `The gateway ${gateway} is unreachable${withColon(error)}.`;
}

function withColon(words: string | null): string {
  return words === null || words === '' ? '' : `: ${words.replace(/\.+\s*$/, '')}`;
}

function quote(title: string): string {
  return `“${title}”`;
}
