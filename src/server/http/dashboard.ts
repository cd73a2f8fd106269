import { type DashboardFiles, readDashboardFiles, type ServedFile } from './dashboard-files.js';
import { type HttpExchange, send } from './exchange.js';
import { wantsGraphiql } from './graphiql.js';
import { notFound, type Route } from './router.js';

/** The first parts of the addresses of its views. The script in the page shows the view. */
const VIEWS = new Set([
  '',
  'board',
  'tasks',
  'reviews',
  'agents',
  'queue',
  'pipelines',
  'schedules',
  'events',
  'settings',
]);

const ASSETS = '/assets/';

/**
 * No inline script and no inline style, nothing from another origin, and no text that becomes markup: a title or a
 * result is only shown, whatever it contains.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

/**
 * Creates the function that finds the route of a request for the dashboard: its page for every view, its scripts and its
 * styles. The files are read and compressed once, when the first browser asks.
 */
export function createDashboard(folder: string, basePath: string) {
  let files: Promise<DashboardFiles> | undefined;
  const methods = ['GET', 'HEAD'];
  const load = () => {
    files ??= readDashboardFiles(folder, basePath);
    return files;
  };
  const asset: Route = {
    path: ASSETS,
    methods,
    async handle(exchange) {
      const file = (await load()).assets.get(exchange.path.slice(ASSETS.length));
      if (file === undefined) throw notFound();
      sendFile(exchange, file, { 'cache-control': 'public, max-age=31536000, immutable' });
    },
  };
  const page = (path: string): Route => ({
    path,
    methods,
    async handle(exchange) {
      const headers = { 'content-security-policy': policy, 'cache-control': 'no-cache' };
      sendFile(exchange, (await load()).page, headers);
    },
  });
  return function find(exchange: HttpExchange): Route | undefined {
    const { path } = exchange;
    if (path.startsWith(ASSETS)) return asset;
    const view = path.split('/')[1] ?? '';
    return VIEWS.has(view) && wantsGraphiql(exchange) ? page(`/${view}`) : undefined;
  };
}

function sendFile(exchange: HttpExchange, file: ServedFile, headers: Record<string, string>): void {
  const { 'if-none-match': known, 'accept-encoding': encodings } = exchange.request.headers;
  const common = { ...headers, 'content-type': file.type, etag: file.etag, vary: 'accept, accept-encoding' };
  const isGzipped = /\bgzip\b/.test(String(encodings));
  if (known === file.etag) send(exchange, 304, common, '');
  else if (isGzipped) send(exchange, 200, { ...common, 'content-encoding': 'gzip' }, file.gzipped);
  else send(exchange, 200, common, file.plain);
}
