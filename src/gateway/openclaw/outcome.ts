import { z } from 'zod';
import type { TokenUsage } from '../../domain/runs/token-usage.js';
import { createTextHead, cutError } from '../answer-text.js';
import type { GatewayAnswer } from '../gateway.js';
import type { FrameError, ResponseFrame } from './frames.js';

/** What a frame says of a run: how it ended, that it was taken, or that it is still on. */
export type RunNews =
  | { readonly news: 'ended'; readonly answer: GatewayAnswer }
  /** It waits or runs; its result comes later under the same request. */
  | { readonly news: 'accepted' }
  /** The same run was asked for before; its result does not come under this request. */
  | { readonly news: 'elsewhere' };

const usageShape = z.object({
  input: z.number().default(0),
  output: z.number().default(0),
  cacheRead: z.number().default(0),
  cacheWrite: z.number().default(0),
  cost: z.object({ total: z.number() }).optional().catch(undefined),
});

const resultShape = z.object({
  payloads: z.array(z.object({ text: z.string().nullish(), isError: z.boolean().optional() })).default([]),
  meta: z
    .object({
      error: z.object({ message: z.string().optional() }).nullish().catch({}),
      agentMeta: z
        .object({
          provider: z.string().optional(),
          model: z.string().optional(),
          usage: usageShape.optional().catch(undefined),
          costUsd: z.number().optional(),
        })
        .optional()
        .catch(undefined),
    })
    .default({}),
});

const finalShape = z.object({
  status: z.string(),
  summary: z.string().optional().catch(undefined),
  stopReason: z.string().optional(),
  result: resultShape.optional(),
});

/** What an answer to `agent` says. `isAccepted`: whether this call was told before that the run was taken. */
export function readAgentAnswer({ ok, payload, error }: ResponseFrame, isAccepted: boolean): RunNews {
  if (!ok) return { news: 'ended', answer: isAccepted ? failed(error?.message) : explainNotAccepted(error) };
  const parsed = finalShape.safeParse(payload);
  if (!parsed.success) return { news: 'ended', answer: failed('its answer was not understood') };
  const final = parsed.data;
  if (final.status === 'accepted') return { news: 'accepted' };
  if (final.status === 'in_flight') return { news: 'elsewhere' };
  return { news: 'ended', answer: readFinal(final) };
}

/** An `ok` frame is no success yet: timeouts, cancellations and errors come in one too. */
function readFinal({ status, summary, stopReason, result }: z.output<typeof finalShape>): GatewayAnswer {
  const payloads = result?.payloads ?? [];
  const errors = payloads.filter(({ isError }) => isError);
  const reason = [...errors.map(({ text }) => text), result?.meta.error?.message, summary].find(Boolean);
  if (stopReason === 'rpc') return cancelledThere();
  if (status === 'timeout') return { outcome: 'TIMED_OUT', error: said(reason ?? 'the run timed out') };
  if (status !== 'ok' || errors.length > 0 || result?.meta.error) return failed(reason ?? status);
  const head = createTextHead();
  head.push(payloads.flatMap(({ text }) => text || []).join('\n\n'));
  const agent = result?.meta.agentMeta;
  return {
    outcome: 'ANSWERED',
    text: head.text(),
    usage: agent?.usage === undefined ? null : toUsage(agent.usage, agent.costUsd),
    model: nameOfModel(agent?.provider, agent?.model),
  };
}

function explainNotAccepted(error: FrameError | undefined): GatewayAnswer {
  if (error?.retryable === true)
    return { outcome: 'NOT_BEGUN', error: said(error.message), retryAfterMs: error.retryAfterMs ?? null };
  const permanent = error?.code !== undefined && error.code !== 'UNAVAILABLE';
  return { outcome: 'FAILED', error: said(error?.message ?? 'the run was refused'), permanent };
}

const waitShape = z.object({
  status: z.string(),
  stopReason: z.string().optional(),
  endedAt: z.unknown().optional(),
  error: z.unknown().optional(),
  terminalReply: z.object({ text: z.string().optional() }).nullish().catch(null),
});

/** What an answer to `agent.wait` says; null while the run is still on, or unknown: the gateway does not tell which. */
export function readWaitAnswer({ ok, payload, error }: ResponseFrame): GatewayAnswer | null {
  if (!ok) return error?.retryable === true ? null : failed(error?.message);
  const parsed = waitShape.safeParse(payload);
  if (!parsed.success) return failed('its answer was not understood');
  const { status, stopReason, endedAt, terminalReply } = parsed.data;
  const reason = typeof parsed.data.error === 'string' ? parsed.data.error : undefined;
  if (stopReason === 'rpc') return cancelledThere();
  if (status === 'timeout')
    return endedAt === undefined
      ? null
      : { outcome: 'TIMED_OUT', error: said(reason ?? 'the run timed out') };
  if (status !== 'ok') return failed(reason ?? status);
  return answeredWith(terminalReply?.text ?? '');
}

/** An answer of which the text is known and what it cost is not. */
export function answeredWith(
  text: string,
  usage: unknown = undefined,
  model: string | null = null,
): GatewayAnswer {
  const head = createTextHead();
  head.push(text);
  const parsed = usageShape.safeParse(usage);
  return {
    outcome: 'ANSWERED',
    text: head.text(),
    usage: parsed.success ? toUsage(parsed.data) : null,
    model,
  };
}

export function failed(reason: string | undefined): GatewayAnswer {
  return { outcome: 'FAILED', error: said(reason ?? 'the run failed'), permanent: false };
}

export function nameOfModel(provider: string | undefined, model: string | undefined): string | null {
  return [provider, model].filter(Boolean).join('/') || null;
}

function cancelledThere(): GatewayAnswer {
  return failed('the run was cancelled at the gateway');
}

function said(words: string): string {
  return cutError(`OpenClaw: ${words}`);
}

function toUsage(usage: z.output<typeof usageShape>, costUsd?: number): TokenUsage {
  return {
    inputTokens: usage.input + usage.cacheRead + usage.cacheWrite,
    outputTokens: usage.output,
    costUsd: costUsd ?? usage.cost?.total ?? null,
  };
}
