/** A request as a client library sent it. */
export interface SentRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: string | null;
}

export interface RecordedFetch {
  readonly fetch: typeof fetch;
  readonly sent: SentRequest[];
}

/** A `fetch` for a client library that sends its requests unchanged and records them. */
export function recordFetch(): RecordedFetch {
  const sent: SentRequest[] = [];
  return {
    sent,
    fetch: (input, init) => {
      const request = new Request(input, init);
      const body = typeof init?.body === 'string' ? init.body : null;
      sent.push({ method: request.method, url: new URL(request.url), headers: request.headers, body });
      return fetch(input, init);
    },
  };
}
