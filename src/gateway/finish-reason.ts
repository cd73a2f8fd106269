/** Whether an answer is complete, or why not. */
export type Finish = 'COMPLETE' | 'LENGTH' | 'FILTERED' | 'TOOLS' | 'BROKEN';

/** Words by which some endpoints say in each chunk that the answer continues. */
const GOES_ON = new Set(['', 'null', 'none', 'undefined']);

/**
 * The endpoints use the names of OpenAI and those of the models behind them: `length`, `max_tokens`, `MAX_TOKENS`,
 * `model_length`; `content_filter`, `SAFETY`, `sensitive`. The first pattern that matches decides.
 */
const PATTERNS: readonly (readonly [RegExp, Finish])[] = [
  [/error|malformed|fail|abort|cancel|interrupt|timeout|resource|pause/, 'BROKEN'],
  [/tool|function/, 'TOOLS'],
  [/filter|safety|sensitive|block|recitation|prohibit|spii|guardrail|refus|toxic/, 'FILTERED'],
  [/length|max|limit|window|truncat|budget/, 'LENGTH'],
];

/** Reads a `finish_reason`. Null: the answer continues. A reason that is not known ends a complete answer. */
export function readFinishReason(reason: string | null | undefined): Finish | null {
  const word = (reason ?? '').trim().toLowerCase();
  if (GOES_ON.has(word)) return null;
  return PATTERNS.find(([pattern]) => pattern.test(word))?.[1] ?? 'COMPLETE';
}

/** Says why an answer is not complete. @param field - what the gateway calls the reason. */
export function explainFinish(
  finish: Exclude<Finish, 'COMPLETE'>,
  reason: string,
  field = 'finish_reason',
): string {
  const quoted = `${field} ${JSON.stringify(reason.slice(0, 80))}`;
  switch (finish) {
    case 'LENGTH':
      return `The answer is incomplete: it was cut off at the output limit of the model (${quoted}).`;
    case 'FILTERED':
      return `The answer is incomplete: the provider's content filter stopped it (${quoted}).`;
    case 'TOOLS':
      return `The model asked for a tool instead of finishing (${quoted}). This gateway runs no tools.`;
    case 'BROKEN':
      return `The answer is incomplete: the provider broke it off (${quoted}).`;
  }
}
