import { z } from 'zod';
import { type AgentReport, tokens } from './agent-report.js';
import { createCodexReading } from './codex-output.js';

/** Reads the output of `claude` and of `codex` line by line. Output of any other form is not reported. */
export interface AgentOutput {
  push(piece: string): void;
  /** What was said last: a message of the agent, or a line that is not JSON. Null if nothing was said yet. */
  said(): string | null;
  report(): AgentReport | null;
}

/** A longer line is no event that is read here. */
const MAX_LINE_LENGTH = 8 * 1024 * 1024;

const claudeUsage = z.object({
  input_tokens: tokens,
  cache_creation_input_tokens: tokens,
  cache_read_input_tokens: tokens,
  output_tokens: tokens,
});

/** The last line of `claude -p`, with `json` as with `stream-json`. Older versions call the costs `cost_usd`. */
const claudeResult = z.object({
  type: z.literal('result'),
  subtype: z.string(),
  is_error: z.boolean().catch(false).default(false),
  result: z.string().nullish().catch(null),
  errors: z.array(z.unknown()).nullish().catch(null),
  total_cost_usd: z.number().nullish().catch(null),
  cost_usd: z.number().nullish().catch(null),
  usage: claudeUsage.nullish().catch(null),
  modelUsage: z
    .record(z.string(), z.object({ costUSD: z.number().catch(0).default(0) }))
    .nullish()
    .catch(null),
});

const claudeMessage = z.object({
  type: z.literal('assistant'),
  message: z.object({ content: z.array(z.object({ type: z.string(), text: z.string().optional() })) }),
});

type ClaudeResult = z.output<typeof claudeResult>;

export function createAgentOutput(): AgentOutput {
  let line = '';
  let isTooLong = false;
  let claude: ClaudeResult | null = null;
  let said: string | null = null;
  let plain: string | null = null;
  const codex = createCodexReading();

  function take(text: string): void {
    if (text.trim() === '') return;
    if (!isObject(text)) plain = text;
    const event = parseObject(text);
    // What follows a result is not of its form, so neither is the whole.
    claude = claudeResult.safeParse(event).data ?? null;
    const content = claudeMessage.safeParse(event).data?.message.content ?? [];
    said = content.flatMap((part) => part.text ?? []).join('\n') || said;
    codex.take(event);
  }

  return {
    push(piece) {
      const [first = '', ...more] = piece.split('\n');
      append(first);
      for (const each of more) {
        endLine();
        append(each);
      }
    },
    said: () => codex.said() ?? said ?? (line.trim() === '' || isObject(line) ? plain : line),
    report() {
      endLine();
      return claude === null ? codex.report() : reportClaude(claude);
    },
  };

  function append(text: string): void {
    isTooLong ||= line.length + text.length > MAX_LINE_LENGTH;
    line = isTooLong ? '' : line + text;
  }

  function endLine(): void {
    if (!isTooLong) take(line);
    line = '';
    isTooLong = false;
  }
}

function reportClaude(result: ClaudeResult): AgentReport {
  const { usage, modelUsage } = result;
  const isFinished = result.subtype === 'success' && !result.is_error;
  const errors = (result.errors ?? []).map((each) =>
    typeof each === 'string' ? each : JSON.stringify(each),
  );
  const costUsd = result.total_cost_usd ?? result.cost_usd ?? null;
  const inputTokens = usage
    ? usage.input_tokens + usage.cache_creation_input_tokens + usage.cache_read_input_tokens
    : 0;
  return {
    text: result.result ?? '',
    usage:
      usage || costUsd !== null ? { inputTokens, outputTokens: usage?.output_tokens ?? 0, costUsd } : null,
    model: costliest(modelUsage ?? {}),
    error: isFinished ? null : [result.subtype, ...errors, result.result ?? ''].filter(Boolean).join(': '),
  };
}

/** Claude also uses small models, in addition to the one that does the work. */
function costliest(models: Readonly<Record<string, { readonly costUSD: number }>>): string | null {
  const [first] = Object.entries(models).sort(([, a], [, b]) => b.costUSD - a.costUSD);
  return first?.[0] ?? null;
}

function isObject(text: string): boolean {
  return /^\s*\{/.test(text);
}

function parseObject(text: string): unknown {
  if (!isObject(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
