import type OpenAI from 'openai';
import { APIConnectionError, APIError } from 'openai';
import { cutError } from '../answer-text.js';
import type { GatewayAnswer } from '../gateway.js';

type Broken = Extract<GatewayAnswer, { readonly outcome: 'BROKEN' }>;

const CHECK_KEY = 'Check OPENAI_API_KEY and OPENAI_BASE_URL.';
const CHECK_URL = 'Check OPENAI_BASE_URL: it must be the address before /chat/completions.';

/** Refusals of the account or the key. They apply to every request. */
const OF_ALL = new Map([
  [401, CHECK_KEY],
  [402, "Add credit to the provider's account, or change OPENAI_API_KEY."],
  [407, 'Check the proxy between this server and the endpoint.'],
]);

/** Names of such refusals in errors without a status. */
const OF_ALL_BY_NAME = /^(invalid_api_key|authentication_error|unauthenticated|unauthorized)$/i;

/** Refusals of this request, or of every request. What the endpoint says about its list of models decides. */
const OF_ONE_OR_ALL = new Map([
  [403, CHECK_KEY],
  [404, CHECK_URL],
  [405, CHECK_URL],
]);

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/;

/**
 * Decides whether the endpoint refuses every request, and not only this one. Null if it refuses only this one, or if the
 * error is no refusal. A 404 that names a model concerns the model alone.
 */
export async function explainRefusalOfAll(
  error: unknown,
  client: OpenAI,
  { secret, signal }: { readonly secret: string | undefined; readonly signal: AbortSignal },
): Promise<Broken | null> {
  const remedy = remedyOf(error);
  if (remedy !== null) return { outcome: 'BROKEN', error: cutError(wordsOf(error), secret), remedy };
  if (!(error instanceof APIError)) return null;
  const check = OF_ONE_OR_ALL.get(error.status ?? 0);
  if (check === undefined || concernsModel(error)) return null;
  if (!(await refusesItsModels(client, signal))) return null;
  return { outcome: 'BROKEN', error: cutError(error.message, secret), remedy: check };
}

/** The remedy of an error that applies to every request, independent of its content; null for other errors. */
export function remedyOf(error: unknown): string | null {
  if (error instanceof APIConnectionError && hasBadCertificate(error))
    return 'Check the certificate of the endpoint in OPENAI_BASE_URL, or NODE_EXTRA_CA_CERTS.';
  return error instanceof APIError ? (OF_ALL.get(error.status ?? 0) ?? null) : null;
}

/** The remedy of an error that is reported under a good status with this code; null if it concerns one request. */
export function remedyOfCode(code: string | null): string | null {
  if (OF_ALL_BY_NAME.test(code ?? '')) return CHECK_KEY;
  return OF_ALL.get(Number(code ?? '0')) ?? null;
}

function concernsModel({ code, message }: { readonly code?: unknown; readonly message: string }): boolean {
  return /model|deployment/i.test(`${String(code ?? '')} ${message}`);
}

async function refusesItsModels(client: OpenAI, signal: AbortSignal): Promise<boolean> {
  try {
    await client.models.list({ signal, timeout: 10_000 });
    return false;
  } catch (error) {
    return (
      error instanceof APIError && error.status !== undefined && error.status < 500 && error.status !== 429
    );
  }
}

function hasBadCertificate(error: Error): boolean {
  for (let each: unknown = error; each instanceof Error; each = each.cause)
    if ('code' in each && typeof each.code === 'string' && CERTIFICATE.test(each.code)) return true;
  return false;
}

/** The innermost cause says what is wrong with a connection. */
function wordsOf(error: unknown): string {
  let words = '';
  for (let each = error; each instanceof Error; each = each.cause) words = each.message || words;
  return words;
}
