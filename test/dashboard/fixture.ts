import chromium from '@sparticuz/chromium';
import { type Browser, type BrowserContextOptions, type Page, chromium as playwright } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import type { Client } from '../../src/sdk/index.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { sdkClient } from '../support/servers/sdk-client.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';

/** One browser and one server, which the tests of a file share. */
export interface Dashboard {
  readonly admin: Client;
  readonly databaseUrl: string;
  server: ServerProcess;
  /** Opens the dashboard in a session of its own, signed in with the key of the admin or another one. */
  open(path: string, options?: OpenOptions): Promise<OpenPage>;
  /** Starts another server on the same database, which stops at the end of the test. */
  another(env: Readonly<Record<string, string>>): Promise<ServerProcess>;
  /** Starts the server again after a kill, at the same address. */
  restart(): Promise<void>;
}

export interface OpenOptions {
  /** Null opens the page without a key. */
  readonly key?: string | null;
  readonly context?: BrowserContextOptions;
  /** Default: the server of the file. */
  readonly server?: ServerProcess;
  /** Runs before the scripts of the page. */
  readonly script?: string;
  /** Whether the test can move the clock of the page forward. */
  readonly clock?: boolean;
}

export interface OpenPage {
  readonly page: Page;
  /** Errors of scripts, refusals of the content security policy, and requests to other hosts. */
  readonly faults: readonly string[];
}

const item = 'mission-control.key';

/** Starts the browser and the server before the tests of the file, and stops them afterwards. */
export function useDashboard(env: Readonly<Record<string, string>> = {}): Dashboard {
  const shared = {} as { browser: Browser; database: TestDatabase; server: ServerProcess; admin: Client };
  beforeAll(async () => {
    shared.database = await createTestDatabase();
    [shared.browser, shared.server] = await Promise.all([
      launchBrowser(),
      startServer({ databaseUrl: shared.database.url, env }),
    ]);
    shared.admin = sdkClient(shared.server);
  });
  afterAll(async () => {
    await shared.browser?.close();
    await shared.server?.stop();
    await shared.database?.drop();
  });
  return {
    get admin() {
      return shared.admin;
    },
    get databaseUrl() {
      return shared.database.url;
    },
    get server() {
      return shared.server;
    },
    set server(server) {
      shared.server = server;
    },
    async open(path, options = {}) {
      const { server = shared.server, context, clock = false, script } = options;
      const { key = server.adminKey } = options;
      const { origin } = new URL(server.url);
      const session = await shared.browser.newContext({ viewport: { width: 1360, height: 850 }, ...context });
      onTestFinished(() => session.close());
      const page = await session.newPage();
      if (clock) await page.clock.install();
      const faults = watchFaults(page, origin);
      if (script !== undefined) await page.addInitScript(script);
      await page.addInitScript(
        `if (${JSON.stringify(key)}) sessionStorage.${`setItem('${item}', ${JSON.stringify(key)})`}`,
      );
      await page.goto(origin + path);
      return { page, faults };
    },
    async another(more) {
      const server = await startServer({ databaseUrl: shared.database.url, env: { ...env, ...more } });
      onTestFinished(async () => void (await server.stop()));
      return server;
    },
    async restart() {
      const { port } = new URL(shared.server.url);
      shared.server = await startServer({ databaseUrl: shared.database.url, env: { ...env, MC_PORT: port } });
    },
  };
}

/** The package holds Chromium for Linux on x64. Other machines use the Chrome that is installed there. */
async function launchBrowser(): Promise<Browser> {
  const isPackaged = process.platform === 'linux' && process.arch === 'x64';
  return playwright.launch({
    ...(isPackaged ? { executablePath: await chromium.executablePath() } : { channel: 'chrome' }),
    args: ['--no-sandbox', '--disable-gpu'],
  });
}

function watchFaults(page: Page, own: string): string[] {
  const faults: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (message) => {
    if (/Content Security Policy|Trusted/i.test(message.text())) faults.push(message.text());
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(own) && !url.startsWith('data:')) faults.push(`request to ${url}`);
  });
  return faults;
}

/** Waits until the page is live: what it shows is what the server knows. */
export async function untilLive(page: Page): Promise<void> {
  await expect.poll(() => page.locator('.connection').getAttribute('data-kind')).toBe('live');
}

/** Goes to another view without loading the page again, as a link does. */
export async function goTo(page: Page, path: string): Promise<void> {
  await page.evaluate(
    `history.pushState(null, '', ${JSON.stringify(path)}); dispatchEvent(new PopStateEvent('popstate'))`,
  );
}
