import { MatchingDocument } from '../../generated/dashboard/cards.js';
import type { TaskFilter } from '../../sdk/index.js';
import { session } from './session.js';

interface Identified {
  readonly id: string;
}

/** The tasks that match a filter which only the server can decide, such as words of texts that the page does not hold. */
export interface Admission {
  readonly has: (id: string) => boolean;
  /** Takes a page of the server, and checks what has changed since it was read. The first page replaces what was known. */
  readonly admit: (page: readonly Identified[], isFirst: boolean, changed: readonly Identified[]) => void;
  /** Asks the server about tasks that have changed. */
  readonly check: (tasks: readonly Identified[]) => void;
  /** Asks again what could not be asked during an outage. */
  readonly retry: () => void;
  readonly end: () => void;
}

/** How many tasks one request may name. */
const MAX_IDS = 100;

/** For a filter that the page can decide by itself. */
export const EVERYTHING: Admission = {
  has: () => true,
  admit: () => undefined,
  check: () => undefined,
  retry: () => undefined,
  end: () => undefined,
};

/** Knows no task at first. Calls `onAnswer` with the tasks that the server was asked about. */
export function createAdmission(filter: TaskFilter, onAnswer: (ids: readonly string[]) => void): Admission {
  const admitted = new Set<string>();
  const unsure = new Set<string>();
  let isAsking = false;
  let isEnded = false;

  async function ask(): Promise<void> {
    if (isAsking) return;
    isAsking = true;
    // One request at a time: a task that changes meanwhile is asked about again.
    while (unsure.size > 0 && !isEnded) {
      const ids = [...unsure].slice(0, MAX_IDS);
      for (const id of ids) unsure.delete(id);
      if (await askAbout(ids)) continue;
      for (const id of ids) unsure.add(id);
      break;
    }
    isAsking = false;
  }

  /** False if the server does not answer. */
  async function askAbout(ids: readonly string[]): Promise<boolean> {
    const variables = { first: ids.length, filter: { ...filter, ids: [...ids] } };
    const answer = await session.value?.client.request(MatchingDocument, variables).catch(() => undefined);
    if (answer === undefined) return false;
    const found = new Set(answer.tasks.nodes.map(({ id }) => id));
    for (const id of ids) admitted[found.has(id) ? 'add' : 'delete'](id);
    if (!isEnded) onAnswer(ids);
    return true;
  }

  function check(tasks: readonly Identified[]): void {
    for (const { id } of tasks) unsure.add(id);
    void ask();
  }

  return {
    has: (id) => admitted.has(id),
    admit(page, isFirst, changed) {
      if (isFirst) admitted.clear();
      for (const { id } of page) admitted.add(id);
      check(changed);
    },
    check,
    retry: () => void ask(),
    end() {
      isEnded = true;
    },
  };
}
