import { z } from 'zod';
import type { TokenUsage } from '../../domain/runs/token-usage.js';

/** What a program reports in a form that is known: that of `claude -p --output-format json` or of `codex exec --json`. */
export interface AgentReport {
  /** The answer, complete or not. */
  readonly text: string;
  readonly usage: TokenUsage | null;
  readonly model: string | null;
  /** Why the work was not finished; null if it was. */
  readonly error: string | null;
}

/** A count of tokens; none for anything else. */
export const tokens = z.number().nonnegative().catch(0).default(0);
