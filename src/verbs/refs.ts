import type { AgentRef, TaskRef } from '../sdk/index.js';

/** The task that a word names: by its id or, if it is none, by its ref. */
export function toTaskRef(word: string): TaskRef {
  return isIdOf('task', word) ? { id: word } : { ref: word.toUpperCase() };
}

/** The agent that a word names: by its id or, if it is none, by its name. */
export function toAgentRef(word: string): AgentRef {
  return isIdOf('agt', word) ? { id: word } : { name: word };
}

/** The same for a word that may be left out. */
export function toOptionalAgent(word: string | undefined): AgentRef | undefined {
  return word === undefined ? undefined : toAgentRef(word);
}

/** What holds a task: a run or a review by its id, or the task itself, which only operators may name. */
export function toRunOrTask(word: string): { readonly runId: string } | { readonly task: TaskRef } {
  return isIdOf('run', word) || isIdOf('rvr', word) ? { runId: word } : { task: toTaskRef(word) };
}

/** Whether a word has the form of an id: a prefix and 26 characters. A name may begin like one. */
export function isIdOf(prefix: 'task' | 'agt' | 'run' | 'rvr' | 'key', word: string): boolean {
  return word.startsWith(`${prefix}_`) && /^[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(word.slice(prefix.length + 1));
}
