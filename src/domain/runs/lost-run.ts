import type { TaskStatus } from '../tasks/task-status.js';

/** The change of status by which a run lost its task, or a review its round. */
interface Loss {
  readonly verb: string;
  readonly to: TaskStatus;
  readonly reason?: string | undefined;
}

const SENTENCES: Readonly<Record<string, string>> = {
  complete: 'An operator completed the task.',
  fail: 'An operator failed the attempt.',
  cancel: 'The task was cancelled.',
  assign: 'The task was given to another agent.',
  approve: 'Another reviewer or an operator approved the work.',
  reject: 'Another reviewer or an operator rejected the work.',
};

/** Explains to an agent why its run has ended without its own call. */
export function explainLostRun({ verb, to, reason }: Loss): string {
  const sentence = SENTENCES[verb];
  if (sentence === undefined) return reason ?? `The task is ${to} now.`;
  return reason === undefined ? sentence : `${sentence} ${reason}`;
}
