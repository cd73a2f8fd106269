import { withSourcePositions } from './source-positions.js';

const maxDepth = 6;
const maxItems = 100;

/**
 * Converts a value for a log line: plain JSON of bounded depth, with the causes of errors. Secrets are removed from
 * texts and from fields whose names say that they are secret.
 */
export function toLoggable(value: unknown, around: readonly unknown[] = []): unknown {
  if (typeof value === 'string') return withoutSecrets(value);
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value === 'function') return `[function ${value.name}]`;
  if (typeof value !== 'object' || value === null) return value;
  if (around.includes(value)) return '[circular]';
  if (around.length >= maxDepth) return '[…]';
  const within = [...around, value];
  if (value instanceof Error) return errorToLoggable(value, within);
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  if (hasToJson(value)) return toLoggable(value.toJSON(), within);
  return Array.isArray(value) ? listToLoggable(value, within) : objectToLoggable(value, within);
}

const secretNames =
  /^(authorization|proxy-authorization|cookie|set-cookie|.*(secret|token|password|api[-_]?key))$/i;

/** Removes API keys, bearer tokens and the credentials in URLs. */
function withoutSecrets(text: string): string {
  return text
    .replace(/\bmc_[\w-]{16,}/g, 'mc_[secret]')
    .replace(/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, '$1 [secret]')
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, '$1[secret]@');
}

function errorToLoggable(error: Error, within: readonly unknown[]): unknown {
  // Other members, such as the code of a system or database error. The `client` of a broken connection is left out: it
  // has kilobytes of statements and the key that cancels its queries.
  const { name: _name, message: _message, stack: _stack, cause: _cause, ...own } = error;
  const members = Object.fromEntries(Object.entries(own).filter(([name]) => name !== 'client'));
  return {
    type: error.name,
    message: withoutSecrets(error.message),
    ...Object.assign({}, objectToLoggable(members, within)),
    stack: withoutSecrets(withSourcePositions(error.stack ?? '')),
    ...(error.cause === undefined ? {} : { cause: toLoggable(error.cause, within) }),
    ...(error instanceof AggregateError ? { errors: listToLoggable(error.errors, within) } : {}),
  };
}

function listToLoggable(list: readonly unknown[], within: readonly unknown[]): unknown[] {
  const shown = list.slice(0, maxItems).map((item) => toLoggable(item, within));
  return list.length > maxItems ? [...shown, `[${list.length - maxItems} more]`] : shown;
}

function objectToLoggable(object: object, within: readonly unknown[]): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(object).slice(0, maxItems)) {
    if (value !== undefined) shown[name] = secretNames.test(name) ? '[secret]' : toLoggable(value, within);
  }
  return shown;
}

function hasToJson(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}
