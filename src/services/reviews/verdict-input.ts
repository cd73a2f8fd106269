import type { Verdict } from '../../domain/reviews/verdict.js';
import type { AgentRef, TaskRef } from '../refs.js';

/** The input of a verdict. */
export interface SubmitVerdict {
  readonly task: TaskRef;
  readonly verdict: Verdict;
  readonly feedback?: string | null | undefined;
  /** The reviewed round; the current one if omitted. */
  readonly round?: number | null | undefined;
  /** The agent on whose behalf an operator submits the verdict. */
  readonly reviewer?: AgentRef | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}
