import { readFileSync } from 'node:fs';
import { buildSchema, parse, validate } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../support/servers/test-server.js';

const schema = buildSchema(readFileSync('schema/schema.graphql', 'utf8'));
let server: TestServer;
let page: Response;
let html: string;

beforeAll(async () => {
  server = await startTestServer();
  page = await get();
  html = await page.text();
});

afterAll(() => server.stop());

function get(headers: Record<string, string> = {}) {
  return fetch(`${server.url}/graphql`, {
    headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', ...headers },
  });
}

/** The page without its large script. */
function markup(): string {
  return html.slice(0, html.indexOf('<script>')) + html.slice(html.lastIndexOf('</script>'));
}

describe('GraphiQL', () => {
  it('is served to browsers without a key', () => {
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(html).toContain('<title>Mission Control</title>');
  });

  it("is the page to which the server's root redirects browsers, while other clients get 404", async () => {
    const open = (method: string, accept: string) =>
      fetch(`${server.url}/?from=bookmark`, { method, headers: { accept }, redirect: 'manual' });
    for (const method of ['GET', 'HEAD']) {
      const { status, headers } = await open(method, 'text/html,application/xhtml+xml,*/*;q=0.8');
      expect([status, headers.get('location'), headers.get('vary')]).toEqual([302, '/graphql', 'accept']);
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    }
    for (const [method, accept] of [
      ['GET', '*/*'],
      ['GET', 'application/json'],
      ['POST', 'text/html'],
    ] as const) {
      const answer = await open(method, accept);
      expect(answer.status).toBe(404);
      expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
    }
  });

  it('has no element that loads anything from another origin', () => {
    expect(markup()).not.toMatch(/<(script|link|img|iframe|object|embed|base)[^>]+(src|href)="(?!data:)/i);
    expect(markup()).not.toMatch(/@import|url\((?!\s*["']?data:)/i);
    expect(html.match(/<script/g)?.length).toBeGreaterThan(0);
  });

  it('has a content security policy that forbids every other origin', () => {
    const policy = page.headers.get('content-security-policy') ?? '';
    const directives = new Map(
      policy.split('; ').map((part) => [part.split(' ')[0], part.split(' ').slice(1).join(' ')]),
    );
    expect(directives.get('default-src')).toBe("'none'");
    expect(directives.get('connect-src')).toBe("'self'");
    expect(directives.get('script-src')).toMatch(/^'sha256-[\w+/]{43}='$/);
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval/);
  });

  it('uses this endpoint with SSE, and its example operations are valid', () => {
    const options = JSON.parse(
      html
        .slice(html.lastIndexOf('{"title":"Mission Control"'), html.lastIndexOf('}') + 1)
        .split('},\n')[0] ?? '',
    );
    expect(options).toMatchObject({
      endpoint: '/graphql',
      subscriptionsProtocol: 'SSE',
      isHeadersEditorEnabled: true,
    });
    expect(options).not.toHaveProperty('headers');
    expect(validate(schema, parse(options.defaultQuery))).toEqual([]);
    const comments = String(options.defaultQuery).match(/^#.*/gm) ?? [];
    expect(Math.max(...comments.map((line) => line.length))).toBeLessThan(56);
  });

  it('is sent compressed, and with 304 while it has not changed', async () => {
    const plain = await get({ 'accept-encoding': 'identity' });
    expect(plain.headers.has('content-encoding')).toBe(false);
    expect(await plain.text()).toBe(html);
    expect(page.headers.get('content-encoding')).toBe('gzip');
    const again = await get({ 'if-none-match': page.headers.get('etag') ?? '' });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  it('is not sent to API clients', async () => {
    for (const accept of ['application/json', '*/*']) expect((await get({ accept })).status).toBe(401);
  });
});
