/** What a piece of work consumed, as far as the one who did it tells. */
export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** In US dollars. */
  readonly costUsd?: number | null | undefined;
}
