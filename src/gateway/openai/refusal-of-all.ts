import type OpenAI from 'openai';
import { APIConnectionError, APIError } from 'openai';
import { cutError } from '../answer-text.js';
import type { GatewayAnswer } from '../gateway.js';
import { chainOf } from './error-chain.js';

type Broken = Extract<GatewayAnswer, { readonly outcome: 'BROKEN' }>;

const CHECK_KEY = 'Check OPENAI_API_KEY and OPENAI_BASE_URL.';
const CHECK_URL = 'Check OPENAI_BASE_URL: it must be the address before /chat/completions.';

const CHECK_PROTOCOL = 'Check OPENAI_BASE_URL: http or https, the host and the port.';
const MOVED =
  'Set OPENAI_BASE_URL to the address that the endpoint redirects to: `curl -i` shows it. The key and the prompts are sent to no other address than the setting names.';

/** Refusals of the account, the key or the address. They apply to every request. */
const OF_ALL = new Map([
  [401, CHECK_KEY],
  [402, "Add credit to the provider's account, or change OPENAI_API_KEY."],
  [407, 'Check the proxy between this server and the endpoint.'],
  [421, CHECK_PROTOCOL],
  [426, CHECK_PROTOCOL],
  [505, CHECK_PROTOCOL],
  [511, 'Log in to the network of this server, or check OPENAI_BASE_URL.'],
  [301, MOVED],
  [302, MOVED],
  [303, MOVED],
  [307, MOVED],
  [308, MOVED],
]);

/** What LiteLLM answers with 401 if the key is good and may not use this model. */
const MODEL_DENIED = /model_access_denied|not allowed to access (this )?model/i;

/** Names of such refusals in errors without a status. */
const OF_ALL_BY_NAME = /^(invalid_api_key|authentication_error|unauthenticated|unauthorized)$/i;

/** Refusals of this request, or of every request. What the endpoint says about its list of models decides. */
const OF_ONE_OR_ALL = new Map([
  [403, CHECK_KEY],
  [404, CHECK_URL],
  [405, CHECK_URL],
  [410, CHECK_URL],
  [451, CHECK_KEY],
  [501, CHECK_URL],
]);

/** The other side speaks another protocol, or another version of TLS. */
const PROTOCOL = /^(ERR_SSL_|ERR_TLS_|EPROTO$)/;
const NOT_HTTP = /does not match the HTTP/;

/** The words of `fetch` for an address that it does not call. */
const ADDRESS = /bad port|URL scheme must be|includes credentials/;

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
  if (remedy !== null)
    return { outcome: 'BROKEN', error: cutError(chainOf(error).messages.at(-1) ?? '', secret), remedy };
  if (!(error instanceof APIError)) return null;
  const check = OF_ONE_OR_ALL.get(error.status ?? 0);
  if (check === undefined || concernsModel(error)) return null;
  if (!(await refusesItsModels(client, signal))) return null;
  return { outcome: 'BROKEN', error: cutError(error.message, secret), remedy: check };
}

/** The remedy of an error that applies to every request, independent of its content; null for other errors. */
export function remedyOf(error: unknown): string | null {
  if (error instanceof APIConnectionError) return remedyOfConnection(error);
  if (!(error instanceof APIError) || MODEL_DENIED.test(wordsOf(error))) return null;
  return OF_ALL.get(error.status ?? 0) ?? null;
}

function remedyOfConnection(error: APIConnectionError): string | null {
  const { codes, messages } = chainOf(error);
  if (codes.some((code) => CERTIFICATE.test(code)))
    return 'Check the certificate of the endpoint in OPENAI_BASE_URL, or NODE_EXTRA_CA_CERTS.';
  if (codes.some((code) => PROTOCOL.test(code)) || messages.some((message) => NOT_HTTP.test(message)))
    return CHECK_PROTOCOL;
  return messages.some((message) => ADDRESS.test(message)) ? CHECK_URL : null;
}

/** The remedy of an error that is reported under a good status with this code; null if it concerns one request. */
export function remedyOfCode(code: string | null): string | null {
  if (OF_ALL_BY_NAME.test(code ?? '')) return CHECK_KEY;
  return OF_ALL.get(Number(code ?? '0')) ?? null;
}

function concernsModel(error: APIError): boolean {
  return /model|deployment/i.test(wordsOf(error));
}

function wordsOf({ code, type, message }: APIError): string {
  return `${code ?? ''} ${type ?? ''} ${message}`;
}

async function refusesItsModels(client: OpenAI, signal: AbortSignal): Promise<boolean> {
  try {
    await client.models.list({ signal, timeout: 10_000 });
    return false;
  } catch (error) {
    if (!(error instanceof APIError) || error.status === undefined) return false;
    return OF_ONE_OR_ALL.has(error.status) || (error.status < 500 && error.status !== 429);
  }
}
