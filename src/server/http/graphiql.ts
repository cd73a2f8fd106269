import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { type HttpExchange, send } from './exchange.js';
import { graphiqlSignIn } from './graphiql-sign-in.js';

/** The lines are short, because the editor is half a window wide. */
const defaultQuery = `# Welcome to Mission Control.
#
# Run an operation with Ctrl-Enter. Your API key is
# sent with each of them.

query CurrentState {
  viewer {
    role
  }
  overview {
    taskCounts {
      status
      count
    }
  }
  tasks(first: 10) {
    nodes {
      ref
      title
      status
      priority
      waitingOn
    }
  }
}

# Run this one, then create or change a task elsewhere:
subscription Watch {
  events {
    cursor
    type
  }
}
`;

const options = {
  title: 'Mission Control',
  defaultQuery,
  isHeadersEditorEnabled: true,
  // A key in the browser's storage would remain after the session.
  shouldPersistHeaders: false,
  subscriptionsProtocol: 'SSE',
} as const;

interface Page {
  readonly gzipped: Buffer;
  /** The page for clients without gzip, unpacked at most once: 9 MB. */
  plain?: Promise<Buffer>;
  readonly etag: string;
  readonly policy: string;
}

/** Whether a browser asks for the page, in contrast to a client that sends a query by GET. */
export function wantsGraphiql({ request }: HttpExchange): boolean {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  return isRead && request.headers.accept?.includes('text/html') === true;
}

/**
 * Serves GraphiQL as one page that contains all its scripts, so it works without an internet connection. The page is 9 MB,
 * so it is built when the first browser asks for it. All answers share its bytes.
 */
export function createGraphiql(basePath: string) {
  let page: Promise<Page> | undefined;
  return async function serve(exchange: HttpExchange): Promise<void> {
    page ??= makePage(`${basePath}/graphql`);
    const built = await page;
    const { gzipped, etag, policy } = built;
    const { headers } = exchange.request;
    const common = {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'cache-control': 'no-cache',
      vary: 'accept, accept-encoding',
      etag,
    };
    if (headers['if-none-match'] === etag) return send(exchange, 304, common, '');
    if (/\bgzip\b/.test(String(headers['accept-encoding']))) {
      return send(exchange, 200, { ...common, 'content-encoding': 'gzip' }, gzipped);
    }
    built.plain ??= promisify(gunzip)(gzipped);
    send(exchange, 200, common, await built.plain);
  };
}

async function makePage(endpoint: string): Promise<Page> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = withSignIn(renderGraphiQL({ ...options, endpoint }));
  const gzipped = await promisify(gzip)(html);
  return { gzipped, etag: `"${sha256(html).slice(0, 27)}"`, policy: policyOf(html) };
}

/** Starts GraphiQL through the sign-in, within the page's one script, whose hash the policy allows. */
function withSignIn(html: string): string {
  const start = 'YogaGraphiQL.renderYogaGraphiQL(';
  const at = html.lastIndexOf(start);
  if (at < 0) throw new Error(`The page of GraphiQL does not start with ${start}`);
  return `${html.slice(0, at)}(${graphiqlSignIn})(YogaGraphiQL.renderYogaGraphiQL, ${html.slice(at + start.length)}`;
}

/** Allows the page's own script by hash, and workers from its own blobs. No other origin is allowed. */
function policyOf(html: string): string {
  const script = html.slice(html.indexOf('<script>') + '<script>'.length, html.lastIndexOf('</script>'));
  return [
    "default-src 'none'",
    `script-src 'sha256-${sha256(script)}'`,
    'worker-src blob:',
    "style-src 'unsafe-inline'",
    'font-src data:',
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
