import { setTimeout as pause } from 'node:timers/promises';
import OpenAI, { APIError } from 'openai';
import { describeDuration } from '../../kernel/durations.js';
import type { Secret } from '../../kernel/secret.js';
import type { Gateway, GatewayAnswer, GatewayCall, GatewayHooks, PartialWork } from '../gateway.js';
import { type CallEnd, createOpenCalls } from '../open-calls.js';
import { createBoundedFetch } from './bounded-fetch.js';
import { readCompletion } from './completion.js';
import { explainHttpFailure } from './http-failure.js';
import { explainRefusalOfAll, remedyOf } from './refusal-of-all.js';

export interface OpenaiSettings {
  /** Default: OpenAI's own endpoint. */
  readonly baseUrl: string | undefined;
  /** Undefined for an endpoint without keys. */
  readonly apiKey: Secret | undefined;
}

/** A stream needs about 300 bytes for a few characters. The maximum answer fits many times into this size. */
const MAX_RESPONSE_BYTES = 32 * 1024 * 1024;

/** How long the acceptance of a call waits for an error, which endpoints that report it under a good status send at once. */
const EARLY_ERROR_MS = 250;

/** Creates a gateway that sends each call as a chat completion, with the standing instruction as the system message. */
export function createOpenaiGateway(settings: OpenaiSettings): Gateway {
  const calls = createOpenCalls();
  const http = createBoundedFetch(MAX_RESPONSE_BYTES);
  const client = createClient(settings, http.fetch);
  const secret = settings.apiKey?.reveal();
  return {
    name: 'openai',
    kind: 'openai',
    send: (call, hooks) =>
      calls.run(call.timeoutMs, hooks, (end) => complete({ client, call, hooks, end, secret })),
    // The answer was on a connection that died with the process.
    recover: async () => ({ outcome: 'UNKNOWN' }),
    async probe(signal) {
      try {
        await client.models.list({ signal, timeout: 60_000 });
        return { reachable: true, error: null };
      } catch (error) {
        // Some endpoints list no models, but endpoints with keys check the key first.
        if (error instanceof APIError && (error.status === 404 || error.status === 405))
          return { reachable: true, error: null };
        const answer = explainHttpFailure(error, secret);
        const words = 'error' in answer ? answer.error : answer.outcome;
        const isForbidden = error instanceof APIError && error.status === 403;
        const remedy = isForbidden ? 'Check OPENAI_API_KEY.' : remedyOf(error);
        return { reachable: false, error: words, ...(remedy !== null && { remedy }) };
      }
    },
    async close() {
      await calls.close();
      await http.close();
    },
  };
}

/** Sets every option, so that the client reads no environment variables, logs nothing and retries nothing. */
function createClient({ baseUrl, apiKey }: OpenaiSettings, fetch: typeof globalThis.fetch): OpenAI {
  return new OpenAI({
    baseURL: baseUrl ?? 'https://api.openai.com/v1',
    apiKey: apiKey?.reveal() ?? 'none',
    ...(apiKey === undefined && { defaultHeaders: { authorization: null } }),
    organization: null,
    project: null,
    webhookSecret: null,
    maxRetries: 0,
    logLevel: 'off',
    fetch,
  });
}

interface Completion {
  readonly client: OpenAI;
  readonly call: GatewayCall;
  readonly hooks: GatewayHooks;
  readonly end: CallEnd;
  readonly secret: string | undefined;
}

async function complete({ client, call, hooks, end, secret }: Completion): Promise<GatewayAnswer> {
  const { model } = call;
  if (model === null) return withoutModel();
  const request = requestCompletion(client, { ...call, model }, end.signal);
  let response: Response;
  try {
    response = await request;
  } catch (error) {
    return endedBy(call, end) ?? (await explain(error, { client, end, secret }));
  }
  const reading = readCompletion(response, secret);
  if (await isRefusedAtOnce(reading)) return reading;
  await hooks.onAccepted({ gatewayRunId: response.headers.get('x-request-id'), state: {} });
  const answer = await reading;
  return endedBy(call, end, answer) ?? answer;
}

/** A refusal of every call is no acceptance: an acceptance would end the outage of the gateway. */
async function isRefusedAtOnce(reading: Promise<GatewayAnswer>): Promise<boolean> {
  const timer = new AbortController();
  const inTime = pause(EARLY_ERROR_MS, null, { signal: timer.signal }).catch(() => null);
  const answer = await Promise.race([reading, inTime]);
  timer.abort();
  return answer?.outcome === 'BROKEN';
}

async function explain(
  error: unknown,
  { client, end, secret }: Pick<Completion, 'client' | 'end' | 'secret'>,
): Promise<GatewayAnswer> {
  const broken = await explainRefusalOfAll(error, client, { secret, signal: end.signal });
  return broken ?? explainHttpFailure(error, secret);
}

async function requestCompletion(
  client: OpenAI,
  call: GatewayCall & { readonly model: string },
  signal: AbortSignal,
): Promise<Response> {
  const { model, prompt, soul, idempotencyKey, timeoutMs } = call;
  const messages = [
    ...(soul === null ? [] : [{ role: 'system' as const, content: soul }]),
    { role: 'user' as const, content: prompt },
  ];
  const body = { model, messages, stream: true as const };
  const options = { signal, timeout: timeoutMs + 60_000, headers: { 'idempotency-key': idempotencyKey } };
  try {
    return await client.chat.completions
      .create({ ...body, stream_options: { include_usage: true } }, options)
      .asResponse();
  } catch (error) {
    // An older endpoint without this option names it in its refusal.
    if (!(error instanceof APIError && (error.status === 400 || error.status === 422))) throw error;
    if (!error.message.includes('stream_options')) throw error;
    return client.chat.completions.create(body, options).asResponse();
  }
}

/** A request that was ended here fails with various errors, so the outcome follows from how it was ended. */
function endedBy({ timeoutMs }: GatewayCall, end: CallEnd, answer?: GatewayAnswer): GatewayAnswer | null {
  if (answer?.outcome === 'ANSWERED') return answer;
  const work: PartialWork =
    answer?.outcome === 'FAILED' && answer.output ? { output: answer.output, usage: answer.usage } : {};
  if (end.isTimedOut())
    return { outcome: 'TIMED_OUT', error: `No answer within ${describeDuration(timeoutMs)}.`, ...work };
  return end.isAborted() ? { outcome: 'ABORTED', ...work } : null;
}

function withoutModel(): GatewayAnswer {
  const error =
    "This gateway needs a model: set MC_MODEL_DEFAULT, or the agent's defaultModel or dispatchModel.";
  return { outcome: 'FAILED', error, permanent: true };
}
