import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { type Exchange, send } from './exchange.js';

/** Browsers can't send it across origins without asking first, so a GET with it comes from a page of ours. */
export const csrfHeader = 'x-graphql-yoga-csrf';

/** Short lines: the editor shows no more than that of a window's half. */
const defaultQuery = `# Welcome to Mission Control.
#
# Paste your API key into "Headers" below, and press
# the round arrows at the left to load the schema.
# The start says where the admin key lies.

query WhatIsGoingOn {
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

# Run this one, then create or move a task elsewhere:
subscription Watch {
  events {
    cursor
    type
  }
}
`;

const options = {
  title: 'Mission Control',
  endpoint: '/graphql',
  defaultQuery,
  headers: JSON.stringify({ authorization: 'Bearer mc_PASTE_YOUR_KEY' }, undefined, 2),
  isHeadersEditorEnabled: true,
  defaultEditorToolsVisibility: 'headers',
  // A key in the browser's storage would outlive the session.
  shouldPersistHeaders: false,
  subscriptionsProtocol: 'SSE',
  additionalHeaders: { [csrfHeader]: '1' },
} as const;

interface Page {
  readonly gzipped: Buffer;
  readonly etag: string;
  readonly policy: string;
}

/** Whether a browser asks for the page, and not a client for an answer. */
export function wantsGraphiql({ request }: Exchange): boolean {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  return isRead && request.headers.accept?.includes('text/html') === true;
}

/**
 * Serves GraphiQL from one page that holds all its scripts: it works without a network. The page is 9 MB, so it is made
 * when the first browser asks for it, and kept compressed.
 */
export function createGraphiql() {
  let page: Promise<Page> | undefined;
  return async function serve(exchange: Exchange): Promise<void> {
    page ??= makePage();
    const { gzipped, etag, policy } = await page;
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
    send(exchange, 200, common, await promisify(gunzip)(gzipped));
  };
}

async function makePage(): Promise<Page> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL(options);
  const gzipped = await promisify(gzip)(html);
  return { gzipped, etag: `"${sha256(html).slice(0, 27)}"`, policy: policyOf(html) };
}

/** Its own script by hash, its workers from blobs it makes itself, and no other origin for anything. */
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
