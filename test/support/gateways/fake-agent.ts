/** A reviewer's answer to a review prompt: rejected in the first round, approved later. Null for other prompts. */
export function answerAsReviewer(prompt: string): string | null {
  const round = /^This is review round (\d+)\./m.exec(prompt)?.[1];
  if (round === undefined) return null;
  return round === '1'
    ? `I read it.\n\n**VERDICT: REJECTED**\nNOTES: ${FEEDBACK}`
    : 'I read it again.\n\n**VERDICT: APPROVED**';
}

/** Several lines. The worker has to receive each of them. */
export const FEEDBACK = 'the sources are missing\n\n- name each of them\n- say how old they are';
