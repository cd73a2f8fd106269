import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { extname } from 'node:path';
import chromium from '@sparticuz/chromium';
import { type Browser, chromium as playwright } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Client } from '../../src/sdk/index.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { closeServer, listen } from '../support/servers/http-server.js';
import { sdkClient } from '../support/servers/sdk-client.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';

const root = new URL('../../', import.meta.url);
const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' };

/** What is at every other path: a page that only loads the SDK. */
const pageWithSdk =
  '<!doctype html><script type="module">import * as sdk from "/dist/sdk/index.js"; window.sdk = sdk;</script>';

/** The files of the project, on an origin of their own, as a team would serve its dashboard. */
const files = createServer((request, response) => void sendFile(request.url ?? '/', response));

async function sendFile(path: string, response: ServerResponse): Promise<void> {
  const content = await readFile(new URL(`.${path}`, root)).catch(() => null);
  response.writeHead(200, { 'content-type': types[extname(path)] ?? 'text/html' });
  response.end(content ?? pageWithSdk);
}

let browser: Browser;
let database: TestDatabase;
let server: ServerProcess;
let admin: Client;
let origin: string;

beforeAll(async () => {
  origin = `http://127.0.0.1:${await listen(files)}`;
  browser = await playwright.launch({
    ...(await findBrowser()),
    // The arguments of the package would turn the checks of origins off, which are part of what is tested.
    args: ['--no-sandbox', '--disable-gpu'],
  });
  database = await createTestDatabase();
  server = await startServer({ databaseUrl: database.url, env: { MC_CORS_ORIGINS: origin } });
  admin = sdkClient(server);
});

afterAll(async () => {
  await browser?.close();
  await closeServer(files);
  await server.stop();
  await database.drop();
});

/** The package holds Chromium for Linux on x64. Other machines use the Chrome that is installed there. */
async function findBrowser() {
  const isPackaged = process.platform === 'linux' && process.arch === 'x64';
  return isPackaged ? { executablePath: await chromium.executablePath() } : { channel: 'chrome' };
}

async function openPage(path: string) {
  const page = await browser.newPage();
  onTestFinished(() => page.close());
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(origin + path);
  return { page, faults };
}

describe('the SDK in Chromium', () => {
  it('claims, completes and follows the events of both, from a page of another origin', async () => {
    await admin.registerAgent({ name: 'page' });
    const { secret } = await admin.createApiKey({ name: 'page', role: 'AGENT', agent: { name: 'page' } });
    const { task } = await admin.createTask({ title: 'From a page', reviewPolicy: 'SKIP' });
    const { page, faults } = await openPage('/sdk');
    await page.waitForFunction('window.sdk');
    const types = await page.evaluate(
      async ({ url, apiKey }) => {
        const { createClient, createWorker } = (
          globalThis as object as { sdk: typeof import('../../src/sdk/index.js') }
        ).sdk;
        const client = createClient({ url, apiKey });
        const found: string[] = [];
        const worker = createWorker(client, { handle: () => 'done in a browser' });
        for await (const { type } of client.followEvents({ filter: { types: ['task'] } })) {
          found.push(type);
          if (type === 'stream.connected') void worker.run();
          if (type === 'task.completed') break;
        }
        await worker.stop();
        return found;
      },
      { url: server.url, apiKey: secret },
    );
    expect(types).toEqual(['stream.connected', 'task.claimed', 'task.completed']);
    expect(await admin.task({ ref: { id: task.id } })).toMatchObject({ resolution: 'done in a browser' });
    expect(faults).toEqual([]);
  });

  it('shows the events of a server in examples/dashboard.html, also after it was killed', async () => {
    const { page, faults } = await openPage('/examples/dashboard.html');
    await page.getByLabel('Server').fill(server.url);
    await page.getByLabel('API key').fill(server.adminKey);
    await page.getByRole('button', { name: 'Follow' }).click();
    const status = () => page.getByRole('status').textContent();
    await expect.poll(status).toBe('Connected.');
    await admin.createTask({ title: 'Seen <b>live</b>' });
    const text = () => page.locator('#events').textContent();
    await expect.poll(text).toContain('Seen <b>live</b>');
    const { port } = new URL(server.url);
    await server.kill();
    await expect.poll(status).toContain('reconnecting');
    const env = { MC_CORS_ORIGINS: origin, MC_PORT: port };
    server = await startServer({ databaseUrl: database.url, env });
    await admin.createTask({ title: 'Seen after the kill' });
    await vi.waitFor(async () => expect(await text()).toContain('Seen after the kill'), 30_000);
    await expect.poll(() => page.locator('#counts').textContent()).toContain('INBOX 2');
    expect(faults).toEqual([]);
  });
});
