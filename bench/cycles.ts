import { Agent, request } from 'node:http';

/** Sends documents with one key over one keep-alive connection. Rejects for an answer with errors. */
export interface Client {
  ask(query: string, variables?: Readonly<Record<string, unknown>>): Promise<Answers>;
  close(): void;
}

/** The fields of the mutations that the benchmarks read. */
export interface Answers {
  readonly claimNextTask?: {
    readonly run: { readonly id: string } | null;
    readonly task: { readonly id: string } | null;
  };
}

/** One agent and one operator, which act in turns. */
export interface Crew {
  readonly agent: Client;
  readonly operator: Client;
}

export function openClient(url: string, key: string): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    authorization: `Bearer ${key}`,
  };
  return {
    async ask(query, variables = {}) {
      const text = await post(url, { agent, headers, body: JSON.stringify({ query, variables }) });
      const { data } = JSON.parse(text) as { data?: Answers };
      // Also the refusals of a mutation.
      if (data === undefined || text.includes('"errors":[{')) throw new Error(text);
      return data;
    },
    close: () => agent.destroy(),
  };
}

function post(
  url: string,
  { agent, headers, body }: { agent: Agent; headers: Record<string, string>; body: string },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const sending = request(url, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    sending.on('error', reject);
    sending.end(body);
  });
}

/** The clients run the cycle this often, each one after the other. Returns the cycles of all a second, and the middle of their times. */
export async function runCycles(
  clients: readonly Crew[],
  times: number,
  cycle: (agent: Client, operator: Client) => Promise<unknown>,
): Promise<{ readonly perSecond: number; readonly p50Ms: number }> {
  const took: number[] = [];
  const begun = performance.now();
  await Promise.all(
    clients.map(async ({ agent, operator }) => {
      for (let i = 0; i < times; i += 1) {
        const started = performance.now();
        await cycle(agent, operator);
        took.push(performance.now() - started);
      }
    }),
  );
  const seconds = (performance.now() - begun) / 1_000;
  took.sort((a, b) => a - b);
  return { perSecond: took.length / seconds, p50Ms: took[Math.floor(took.length / 2)] ?? Number.NaN };
}
