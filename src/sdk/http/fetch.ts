/** The parts of an answer that a client reads. A `Response` has them. */
export interface HttpResponse {
  readonly status: number;
  /** Whether the status is one of success. */
  readonly ok: boolean;
  readonly headers: { get(name: string): string | null };
  readonly body: ReadableStream<Uint8Array> | null;
  /** The body to its end. */
  text(): Promise<string>;
}

/** Sends one HTTP request, as the global `fetch` does. */
export type Fetch = (url: string, init: RequestInit) => Promise<HttpResponse>;
