import type { ClaimedTask, Run } from '../../sdk/index.js';

/** Linux takes at most 128 KiB in one variable, and a character has up to four bytes. */
const LONGEST = 32_000;

/** The task in variables, for programs that read no JSON. A long description is cut; standard input has all of it. */
export function taskEnvironment(task: ClaimedTask, run: Pick<Run, 'id' | 'number'>): Record<string, string> {
  const values = {
    MC_TASK_ID: task.id,
    MC_TASK_REF: task.ref,
    MC_TASK_TITLE: task.title,
    MC_TASK_DESCRIPTION: task.description ?? '',
    MC_TASK_PRIORITY: task.priority,
    MC_TASK_TAGS: task.tags.join(','),
    MC_TASK_DUE_AT: task.dueAt ?? '',
    // The name that programs of the server's command gateway know.
    MC_RUN_ID: run.id,
    MC_TASK_ATTEMPT: `${run.number}`,
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.slice(0, LONGEST)]));
}

/** The task as JSON, with its run and the questions that were answered. */
export function taskDocument(task: ClaimedTask, { id, number, questions }: Run): string {
  return `${JSON.stringify({ ...task, questions, run: { id, number } })}\n`;
}
