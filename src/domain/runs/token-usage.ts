/** The tokens that a run used, as reported by its agent or gateway. */
export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** In US dollars. */
  readonly costUsd?: number | null | undefined;
  /** The model that did the work, where the agent chose it. */
  readonly model?: string | null | undefined;
}
