import { z } from 'zod';
import type { TokenUsage } from '../../domain/runs/token-usage.js';
import { type AgentReport, tokens } from './agent-report.js';

const codexEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('thread.started') }),
  z.object({ type: z.literal('turn.started') }),
  z.object({
    type: z.literal('turn.completed'),
    usage: z.object({ input_tokens: tokens, output_tokens: tokens }).nullish().catch(null),
  }),
  z.object({
    type: z.literal('turn.failed'),
    error: z
      .object({ message: z.string().catch('') })
      .nullish()
      .catch(null),
  }),
  z.object({ type: z.literal('error'), message: z.string() }),
  z.object({
    type: z.literal('item.completed'),
    item: z.object({ type: z.string().catch(''), text: z.string().nullish().catch(null) }),
  }),
]);

type CodexEvent = z.output<typeof codexEvent>;

/** The events of `codex exec --json`. */
export interface CodexReading {
  /** Takes the next line. Other lines are ignored. */
  take(line: unknown): void;
  said(): string | null;
  report(): AgentReport | null;
}

export function createCodexReading(): CodexReading {
  let isCodex = false;
  let isFinished = false;
  let text: string | null = null;
  let error: string | null = null;
  let usage: TokenUsage | null = null;

  function apply(event: CodexEvent): void {
    switch (event.type) {
      case 'thread.started':
      case 'turn.started':
        isFinished = false;
        break;
      case 'turn.completed':
        isFinished = true;
        usage = add(usage, event.usage);
        break;
      case 'turn.failed':
        error = event.error?.message || error;
        break;
      case 'error':
        // The error may be a lost connection that Codex restores: a turn that completes after it has succeeded.
        error = event.message;
        break;
      case 'item.completed':
        if (event.item.type === 'agent_message') text = event.item.text ?? text;
    }
  }

  return {
    take(line) {
      const event = codexEvent.safeParse(line).data;
      isCodex ||= event?.type === 'thread.started' || event?.type === 'turn.started';
      if (isCodex && event !== undefined) apply(event);
    },
    said: () => text,
    report() {
      if (!isCodex) return null;
      const failure = isFinished ? null : (error ?? 'Its turn did not complete.');
      return { text: text ?? '', usage, model: null, error: failure };
    },
  };
}

type Usage = Extract<CodexEvent, { readonly type: 'turn.completed' }>['usage'];

function add(sum: TokenUsage | null, more: Usage): TokenUsage | null {
  if (!more) return sum;
  return {
    inputTokens: (sum?.inputTokens ?? 0) + more.input_tokens,
    outputTokens: (sum?.outputTokens ?? 0) + more.output_tokens,
  };
}
