/** The body of a response frame. */
export interface Reply {
  readonly ok: boolean;
  readonly payload?: Record<string, unknown>;
  readonly error?: Record<string, unknown>;
}

export function invalid(message: string, details?: Record<string, unknown>): Reply {
  return { ok: false, error: { code: 'INVALID_REQUEST', message, ...(details && { details }) } };
}

export function unavailable(message: string, reason: string): Reply {
  const error = { code: 'UNAVAILABLE', message, retryable: true, retryAfterMs: 50, details: { reason } };
  return { ok: false, error };
}
