/** Redirects. 300 and 304 have no target to follow. */
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** The redirects after which the method and the body stay the same. */
const KEEP_METHOD = new Set([307, 308]);

/** An answer, as far as a redirect is concerned. */
interface RedirectAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
}

export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status);
}

/**
 * The target of a redirect that may be followed: one within the origin, which repeats the same request. Null for another
 * origin, which must get neither the key nor the prompt, for an invalid target, and for a POST that would become a GET.
 */
export function sameOriginTarget(from: URL, method: string, { status, headers }: RedirectAnswer): URL | null {
  const location = headers.get('location');
  if (location === null || (method !== 'GET' && !KEEP_METHOD.has(status))) return null;
  const target = URL.canParse(location, from) ? new URL(location, from) : null;
  return target?.origin === from.origin ? target : null;
}

/**
 * The answer to the client in place of a redirect. It contains nothing of the redirect except the status, because its
 * texts would get into the error of a task, where its agent reads them.
 */
export function refuseRedirect(status: number): Response {
  const message =
    'The endpoint answered with a redirect to another address, which this server does not follow.';
  return Response.json({ error: { message, code: null, type: null, param: null } }, { status });
}
