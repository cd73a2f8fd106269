import { z } from 'zod';
import type { TokenUsage } from '../../domain/runs/token-usage.js';
import { createTextHead, cutError } from '../answer-text.js';
import { explainFinish, readFinishReason } from '../finish-reason.js';
import type { GatewayAnswer, PartialWork } from '../gateway.js';
import type { FrameError, ResponseFrame } from './frames.js';

/** The state of a run according to a frame. */
export type RunState =
  | { readonly state: 'ended'; readonly answer: GatewayAnswer }
  /** The run waits or is active. Its result will be another answer to the same request. */
  | { readonly state: 'accepted' }
  /** The same run was requested before. Its result will not be an answer to this request. */
  | { readonly state: 'in_flight' };

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
      aborted: z.boolean().nullish().catch(null),
      stopReason: z.string().nullish().catch(null),
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

const CANCELLED = 'the run was cancelled at the gateway';

const NO_RESULT: z.output<typeof resultShape> = { payloads: [], meta: {} };

const finalShape = z.object({
  status: z.string(),
  summary: z.string().optional().catch(undefined),
  stopReason: z.string().optional(),
  result: resultShape.optional(),
});

/**
 * Reads an answer to `agent`.
 *
 * @param isAccepted - whether an earlier answer has acknowledged the run.
 */
export function readAgentAnswer({ ok, payload, error }: ResponseFrame, isAccepted: boolean): RunState {
  if (!ok) return { state: 'ended', answer: isAccepted ? explainFailed(error) : explainNotAccepted(error) };
  const parsed = finalShape.safeParse(payload);
  if (!parsed.success) return { state: 'ended', answer: failed('its answer was not understood') };
  const final = parsed.data;
  if (final.status === 'accepted' || final.status === 'in_flight') return { state: final.status };
  return { state: 'ended', answer: readFinal(final) };
}

/**
 * An `ok` frame is not always a success: timeouts, cancellations and errors are sent in one too. Errors that come with
 * a good answer are warnings of tools.
 */
function readFinal({ status, summary, stopReason, result }: z.output<typeof finalShape>): GatewayAnswer {
  const { payloads, meta } = result ?? NO_RESULT;
  const errors = textOf(payloads.filter(({ isError }) => isError === true));
  const output = textOf(payloads.filter(({ isError }) => isError !== true));
  const usage = meta.agentMeta?.usage ? toUsage(meta.agentMeta.usage, meta.agentMeta.costUsd) : null;
  const work: PartialWork = output === '' ? {} : { output, usage };
  const reason = [errors, meta.error?.message, summary].find(Boolean);
  if (stopReason === 'rpc') return failed(CANCELLED, work);
  if (status === 'timeout')
    return { outcome: 'TIMED_OUT', error: prefixed(reason ?? 'the run timed out'), ...work };
  if (status !== 'ok' || meta.error) return failed(reason ?? status, work);
  if (meta.aborted) return failed(errors || 'the run was aborted', work);
  if (output === '' && errors !== '') return failed(errors);
  const cutOff = explainCutOff(meta.stopReason ?? stopReason, work);
  const model = nameOfModel(meta.agentMeta?.provider, meta.agentMeta?.model);
  return cutOff ?? { outcome: 'ANSWERED', text: output, usage, model, ...warningsOf(errors) };
}

function warningsOf(errors: string): { readonly warnings?: string } {
  return errors === '' ? {} : { warnings: prefixed(errors) };
}

function textOf(payloads: readonly { readonly text?: string | null | undefined }[]): string {
  const head = createTextHead();
  head.push(payloads.flatMap(({ text }) => text || []).join('\n\n'));
  return head.text();
}

/** The failure of a run that was cut off; null for other reasons. A stop for a tool is no cut: runs use tools of their own. */
export function explainCutOff(
  stopReason: string | null | undefined,
  work: PartialWork,
): GatewayAnswer | null {
  const finish = readFinishReason(stopReason);
  if (finish === null || finish === 'COMPLETE' || finish === 'TOOLS') return null;
  return failed(explainFinish(finish, stopReason ?? '', 'stopReason'), work);
}

/** A run that was accepted failed. With `retryAfterMs` its provider's limit was reached. */
function explainFailed(error: FrameError | undefined): GatewayAnswer {
  if (error?.retryAfterMs === undefined) return failed(error?.message);
  return { outcome: 'LIMITED', error: prefixed(error.message), retryAfterMs: error.retryAfterMs };
}

function explainNotAccepted(error: FrameError | undefined): GatewayAnswer {
  if (error?.retryable === true)
    return { outcome: 'NOT_BEGUN', error: prefixed(error.message), retryAfterMs: error.retryAfterMs ?? null };
  const permanent = error?.code !== undefined && error.code !== 'UNAVAILABLE';
  return { outcome: 'FAILED', error: prefixed(error?.message ?? 'the run was refused'), permanent };
}

const waitShape = z.object({
  status: z.string(),
  stopReason: z.string().optional(),
  endedAt: z.unknown().optional(),
  error: z.unknown().optional(),
  terminalReply: z.object({ text: z.string().optional() }).nullish().catch(null),
});

/** Reads an answer to `agent.wait`. Null while the run is active or if it is unknown: the gateway does not distinguish them. */
export function readWaitAnswer({ ok, payload, error }: ResponseFrame): GatewayAnswer | null {
  if (!ok) return error?.retryable === true ? null : failed(error?.message);
  const parsed = waitShape.safeParse(payload);
  if (!parsed.success) return failed('its answer was not understood');
  const { status, stopReason, endedAt, terminalReply } = parsed.data;
  const reason = typeof parsed.data.error === 'string' ? parsed.data.error : undefined;
  if (stopReason === 'rpc') return failed(CANCELLED);
  const text = terminalReply?.text ?? '';
  const work: PartialWork = text === '' ? {} : { output: text };
  if (status === 'timeout')
    return endedAt === undefined
      ? null
      : { outcome: 'TIMED_OUT', error: prefixed(reason ?? 'the run timed out'), ...work };
  if (status !== 'ok') return failed(reason ?? status, work);
  return explainCutOff(stopReason, work) ?? answeredWith(text);
}

/** Creates an answer whose text is known; its usage and model may be unknown. */
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

/** Creates a failure after which a retry may succeed. */
export function failed(reason: string | undefined, work: PartialWork = {}): GatewayAnswer {
  return { outcome: 'FAILED', error: prefixed(reason ?? 'the run failed'), permanent: false, ...work };
}

/** The name of a model with its provider, or null if both are unknown. */
export function nameOfModel(provider: string | undefined, model: string | undefined): string | null {
  return [provider, model].filter(Boolean).join('/') || null;
}

function prefixed(reason: string): string {
  return cutError(`OpenClaw: ${reason}`);
}

function toUsage(usage: z.output<typeof usageShape>, costUsd?: number): TokenUsage {
  return {
    inputTokens: usage.input + usage.cacheRead + usage.cacheWrite,
    outputTokens: usage.output,
    costUsd: costUsd ?? usage.cost?.total ?? null,
  };
}
