import { WebSocket } from 'ws';

/** One answer of the server: the name of the operation, and the data as it came over the wire. */
export interface Answer {
  readonly operation: string;
  readonly data: unknown;
}

interface Operation {
  readonly query: string;
}

interface Result {
  readonly data?: unknown;
}

interface Message {
  readonly id: string;
  readonly type: string;
  readonly payload?: Operation | Result;
}

/** A `fetch` and a `WebSocket` for a client, which record the data of every answer. */
export function recordAnswers() {
  const answers: Answer[] = [];
  const keep = ({ query }: Operation, { data }: Result) => {
    if (data) answers.push({ operation: /^\w+ (\w+)/.exec(query)?.[1] ?? '', data });
  };
  const recordingFetch: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    keep(JSON.parse(String(init?.body)), (await response.clone().json()) as Result);
    return response;
  };
  return { answers, fetch: recordingFetch, WebSocket: recordingSocket(keep) };
}

function recordingSocket(keep: (operation: Operation, result: Result) => void) {
  return class extends WebSocket {
    readonly #subscriptions = new Map<string, Operation>();

    constructor(url: string, protocols?: string | string[]) {
      super(url, protocols);
      this.on('message', (data) => {
        const { id, type, payload } = JSON.parse(String(data)) as Message;
        const operation = this.#subscriptions.get(id);
        if (type === 'next' && operation && payload) keep(operation, payload as Result);
      });
    }

    override send(data: string): void {
      const { id, type, payload } = JSON.parse(data) as Message;
      if (type === 'subscribe') this.#subscriptions.set(id, payload as Operation);
      super.send(data);
    }
  };
}
