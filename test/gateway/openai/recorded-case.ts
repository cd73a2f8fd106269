import type { GatewayAnswer } from '../../../src/gateway/gateway.js';
import type { RecordedAnswer } from '../../support/gateways/fake-openai.js';

/** What an endpoint sent, and what it means. */
export interface RecordedCase extends RecordedAnswer {
  readonly endpoint: string;
  readonly sends: string;
  readonly means: Partial<GatewayAnswer> & { readonly error?: string };
}

export const SSE = { 'content-type': 'text/event-stream; charset=utf-8' };
export const JSON_TYPE = { 'content-type': 'application/json' };
const DONE = 'data: [DONE]\n\n';

/** Chunks as events, with the mark at the end unless it is given. */
export const stream = (chunks: readonly unknown[], end = DONE) =>
  chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('') + end;

export const chunk = (delta: object | null, finish: unknown = null, more: object = {}) => ({
  id: 'chatcmpl-B1z1',
  object: 'chat.completion.chunk',
  created: 1_739_812_588,
  model: 'far-model',
  choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  ...more,
});

const usage = { prompt_tokens: 19, completion_tokens: 10, total_tokens: 29 };
export const usageChunk = (choices: unknown = []) => ({ model: 'far-model', choices, usage });

export const words = (finish: unknown) => [
  chunk({ role: 'assistant', content: '' }, finish),
  chunk({ content: 'All ' }, finish),
  chunk({ content: 'good.' }, finish),
];

export const whole = (message: object, finish?: unknown, more: object = {}) =>
  JSON.stringify({
    id: 'chatcmpl-B1z1',
    object: 'chat.completion',
    model: 'far-model',
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finish }],
    usage,
    ...more,
  });

export const good = { outcome: 'ANSWERED', text: 'All good.' } as const;
export const goodWithUsage = {
  ...good,
  usage: { inputTokens: 19, outputTokens: 10, costUsd: null },
} as const;
export const failed = (error: string, more: object = {}) =>
  ({ outcome: 'FAILED', permanent: false, error, ...more }) as const;
export const cutAt = (error: string) => failed(error, { output: 'All good.' });
export const limited = (error: string, retryAfterMs: number | null) =>
  ({ outcome: 'LIMITED', error, retryAfterMs }) as const;

export const TOOL = { id: 'call_1', type: 'function', function: { name: 'search', arguments: '{"q":1}' } };
