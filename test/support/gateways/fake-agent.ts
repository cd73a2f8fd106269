/** What the fakes say as a reviewer to a prompt for one: no in the first round, yes from then on. Null for other prompts. */
export function judgeLikeAReviewer(prompt: string): string | null {
  const round = /^This is review round (\d+)\./m.exec(prompt)?.[1];
  if (round === undefined) return null;
  return round === '1'
    ? `I read it.\n\n**VERDICT: REJECTED**\nNOTES: ${FEEDBACK}`
    : 'I read it again.\n\n**VERDICT: APPROVED**';
}

/** Several lines, each of which the worker must get to see. */
export const FEEDBACK = 'the sources are missing\n\n- name each of them\n- say how old they are';
