import { createHash } from 'node:crypto';
import type { Gateway, GatewayAnswer, GatewayCall } from './gateway.js';

/**
 * Creates a gateway without a model, for demonstrations: the answer repeats the beginning of the prompt. If the prompt asks
 * for a verdict, the answer contains one. It rejects half of the tasks in their first round, always the same ones.
 */
export function createEchoGateway(): Gateway {
  return {
    name: 'echo',
    kind: 'echo',
    async send(call, { signal, onAccepted }) {
      if (signal.aborted) return { outcome: 'ABORTED' };
      await onAccepted({ gatewayRunId: null, state: {} });
      return signal.aborted ? { outcome: 'ABORTED' } : answer(call);
    },
    // The answer depends only on the prompt, so it can be computed again.
    recover: async (call, _state, { signal }) => (signal.aborted ? { outcome: 'ABORTED' } : answer(call)),
    probe: async () => ({ reachable: true, error: null }),
    close: async () => undefined,
  };
}

function answer({ prompt, agentName, model }: GatewayCall): GatewayAnswer {
  const text = asksForVerdict(prompt) ? judge(prompt) : `${agentName} did: ${subjectOf(prompt)}`;
  return {
    outcome: 'ANSWERED',
    text,
    model,
    usage: { inputTokens: count(prompt), outputTokens: count(text) },
  };
}

/** A review prompt ends with both forms of a verdict, each on a line of its own. */
function asksForVerdict(prompt: string): boolean {
  return /^VERDICT: APPROVED$/m.test(prompt) && /^VERDICT: REJECTED$/m.test(prompt);
}

function judge(prompt: string): string {
  const subject = subjectOf(prompt);
  const round = Number(/\breview round (\d+)/i.exec(prompt)?.[1] ?? 1);
  const isPicked = createHash('sha256').update(subject).digest().readUInt8(0) % 2 === 0;
  if (round > 1 || !isPicked) return `Checked: ${subject}\n\nVERDICT: APPROVED`;
  return `Checked: ${subject}\n\nVERDICT: REJECTED\nNOTES: Say how you made sure that it works.`;
}

function subjectOf(prompt: string): string {
  const line = prompt.split('\n').find((each) => each.trim() !== '') ?? '';
  return line.replace(/^[#\s]+/, '').slice(0, 200);
}

/** Counts words instead of tokens. */
function count(text: string): number {
  return text.split(/\s+/).filter((word) => word !== '').length;
}
