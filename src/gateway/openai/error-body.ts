/** An error as an endpoint reports it. */
export interface ReportedError {
  readonly message: string;
  /** The status or the name of the error, if given. */
  readonly code: string | null;
}

const UNNAMED = 'The endpoint reported an error without a message.';

/** Fields that hold an error's words, in the order in which they are tried. */
const WORDS = ['error', 'message', 'detail', 'msg', 'error_message', 'error_description', 'errors', 'reason'];

/**
 * Reads the error of a JSON body, in the forms of OpenAI (`{error: {message, code}}`), Ollama (`{error: "…"}`), vLLM
 * (`{object: "error", message}`), FastAPI (`{detail: "…"}`, `{detail: [{loc, msg}]}`) and LiteLLM (errors in errors). Null
 * for a body that reports none: one with `choices` and without `error` is an answer.
 */
export function readReportedError(body: unknown): ReportedError | null {
  if (!isRecord(body)) return null;
  const source = hasContent(body.error) ? body.error : errorOfChoice(body.choices);
  if (hasContent(source)) return { message: wordsOf(source) ?? UNNAMED, code: codeOf(source, body) };
  const message = 'choices' in body ? null : wordsOf(body);
  return message === null ? null : { message, code: codeOf(body) };
}

/** OpenRouter reports the error of a model in the choice that it ended. */
function errorOfChoice(choices: unknown): unknown {
  const first: unknown = Array.isArray(choices) ? choices[0] : undefined;
  return isRecord(first) ? first.error : undefined;
}

/** Rewrites the body of an error status into the one form that the client reads. */
export function normalizeErrorBody(text: string, statusText: string): string {
  const body = parseJson(text);
  const message = body === undefined ? wordsOfPage(text) : wordsOf(body);
  const code = isRecord(body) ? codeOf(body.error, body) : null;
  const words = message ?? statusText;
  const type = isRecord(body) && isRecord(body.error) ? body.error.type : null;
  return JSON.stringify(words === '' ? {} : { error: { message: words, code, type, param: null } });
}

function codeOf(...sources: readonly unknown[]): string | null {
  const codes = sources
    .filter(isRecord)
    .flatMap(({ code, status_code, status, type }) => [code, status_code, status, type]);
  const code = codes.find((each) => (typeof each === 'string' && each !== '') || typeof each === 'number');
  return code === undefined ? null : String(code);
}

/** How deep errors are nested in errors at most. */
const MAX_DEPTH = 5;

function wordsOf(value: unknown, depth = 0): string | null {
  if (typeof value === 'string') return value.trim() === '' ? null : value.trim();
  if (depth > MAX_DEPTH) return null;
  if (Array.isArray(value)) {
    const words = value.flatMap((each) => wordsOf(each, depth + 1) ?? []);
    return words.length === 0 ? null : words.join('; ');
  }
  if (!isRecord(value)) return null;
  for (const field of WORDS) {
    const words = wordsOf(value[field], depth + 1);
    if (words !== null) return Array.isArray(value.loc) ? `${value.loc.join('.')}: ${words}` : words;
  }
  return null;
}

/** A proxy answers with a page: its title says what is wrong. Other text is shown as it is. */
function wordsOfPage(text: string): string | null {
  const title = /<title[^>]*>([^<]*)/i.exec(text)?.[1] ?? '';
  const words = /^\s*</.test(text) ? title.trim() : text.trim();
  return words === '' ? null : words;
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasContent(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && value !== false;
}
