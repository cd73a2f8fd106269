import type { Actor } from '../../domain/actor.js';
import { parseQuestion, type QuestionInput } from '../../domain/questions/question.js';
import { Refusal, Refusals } from '../../domain/refusals.js';
import type { Transaction } from '../../postgres/transaction.js';
import type { TaskRunRow } from '../../store/runs/runs.js';
import type { LiveRun } from '../runs/lock-run.js';
import { askIn } from './ask-question.js';

/** A question that an agent has written in its answer. */
interface Written {
  readonly actor: Actor;
  readonly input: QuestionInput;
  /** What the run has produced. */
  readonly facts: Partial<TaskRunRow>;
}

/**
 * Asks a question that a gateway has answered with. It always blocks, because the call has ended. Nothing has changed if it can't
 * be asked.
 * @returns why it can't be asked; null if it was.
 */
export async function askPeople(
  tx: Transaction,
  live: Pick<LiveRun, 'task' | 'run'>,
  { actor, input, facts }: Written,
): Promise<string | null> {
  try {
    await askIn(tx, live, { actor, question: parseQuestion({ ...input, blocking: true }), facts });
    return null;
  } catch (error) {
    if (!(error instanceof Refusal) && !(error instanceof Refusals)) throw error;
    return `The question can't be asked: ${error.message}`;
  }
}
