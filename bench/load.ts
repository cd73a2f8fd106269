import autocannon from 'autocannon';

/** The requests of one measurement. */
export interface Load {
  readonly url: string;
  readonly query: string;
  readonly connections: number;
  /** Total number of requests. */
  readonly amount: number;
  /** Bearer tokens, one per connection or one for all. */
  readonly keys: readonly string[];
}

/** The result of one measurement. */
export interface Rate {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Sends the same query over keep-alive connections. Each sends the next request after the answer to the last. */
export async function measure({ url, query, connections, amount, keys }: Load): Promise<Rate> {
  let next = 0;
  const wrong: string[] = [];
  // autocannon ends at a full second; the last answer may have arrived earlier.
  const begun = performance.now();
  let ended = begun;
  const result = await autocannon({
    url,
    connections,
    amount,
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ query }),
    setupClient(client) {
      const key = keys[next++ % keys.length];
      if (key !== undefined)
        client.setHeaders({ 'content-type': 'application/json', authorization: `Bearer ${key}` });
      client.on('body', (body) => {
        ended = performance.now();
        const text = body.toString();
        if (text.includes('"errors":[{') || text.includes('NO_TASKS') || text.includes('AT_CAPACITY'))
          wrong.push(text);
      });
    },
  });
  const seconds = (ended - begun) / 1_000;
  if (result.non2xx > 0 || result.errors > 0 || wrong.length > 0) {
    throw new Error(
      `${result.non2xx} answers were not 2xx, ${result.errors} failed, ${wrong.length} wrong: ${wrong[0] ?? ''}`,
    );
  }
  return { perSecond: result['2xx'] / seconds, p50Ms: result.latency.p50, p99Ms: result.latency.p99 };
}
