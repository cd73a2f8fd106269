import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A received span, with its attributes as plain values. */
export interface SeenSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly isError: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
}

export interface TraceCollector {
  readonly url: string;
  /** The spans of all requests in JSON. */
  readonly spans: SeenSpan[];
  readonly resources: Readonly<Record<string, unknown>>[];
  readonly requests: {
    readonly path: string;
    readonly type: string;
    readonly body: Buffer;
    readonly key: string;
  }[];
  /** Sets the status of further answers. */
  answer(status: number): void;
  stop(): Promise<void>;
}

/** Starts a collector of OTLP over HTTP that accepts all spans. */
export async function startTraceCollector(): Promise<TraceCollector> {
  let status = 200;
  const spans: SeenSpan[] = [];
  const resources: Record<string, unknown>[] = [];
  const requests: TraceCollector['requests'] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      const type = request.headers['content-type'] ?? '';
      requests.push({ path: request.url ?? '', type, body, key: String(request.headers['x-key']) });
      if (type === 'application/json' && status === 200) read(JSON.parse(body.toString()), spans, resources);
      response.writeHead(status, { 'content-type': type }).end(type === 'application/json' ? '{}' : '');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ spans, resources, requests },
    answer: (next) => {
      status = next;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface WireSpan extends Omit<SeenSpan, 'attributes' | 'links'> {
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code?: number };
  readonly attributes: readonly Attribute[];
  readonly links?: SeenSpan['links'];
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
}

function read({ resourceSpans }: Export, spans: SeenSpan[], resources: Record<string, unknown>[]): void {
  for (const { resource, scopeSpans } of resourceSpans) {
    resources.push(plain(resource.attributes));
    for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
      spans.push({
        ...span,
        startMs: Number(span.startTimeUnixNano) / 1e6,
        endMs: Number(span.endTimeUnixNano) / 1e6,
        isError: span.status.code === 2,
        attributes: plain(span.attributes),
        links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
      });
    }
  }
}

function plain(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
