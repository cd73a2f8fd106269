import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { sdkAgent } from '../support/servers/sdk-client.js';
import { untilLive, useDashboard } from './fixture.js';

const dashboard = useDashboard();

/** The pictures are written only when asked for, because the ages in them differ from run to run. */
const folder = process.env.DASHBOARD_PICTURES
  ? fileURLToPath(new URL('../../docs/images/', import.meta.url))
  : null;

async function take(page: Page, name: string): Promise<void> {
  if (folder === null) return;
  await expect.poll(() => page.locator('.loading').count()).toBe(0);
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}${name}.png`, await page.screenshot({ animations: 'disabled', caret: 'hide' }));
}

describe('the queue', () => {
  it('says that it is empty, and then shows live what waits, what ended and how long it took', async () => {
    const { admin, server } = dashboard;
    const { page, faults } = await dashboard.open('/queue');
    await untilLive(page);
    const number = (name: string) =>
      page.locator('.numbers div', { has: page.getByText(name, { exact: true }) }).locator('dd');
    await expect.poll(() => number('Waiting').textContent()).toBe('0');
    await page.getByText('No attempt has ended yet').waitFor();
    await page.getByRole('img', { name: /0 created/ }).waitFor();
    const scout = await sdkAgent(server, 'scout', { acceptsInbox: true });
    await admin.createTask({ title: 'Counted', priority: 'CRITICAL' });
    await expect.poll(() => number('Waiting').textContent()).toBe('1');
    const bar = page.locator('.waiting-bars li', { hasText: 'Critical' });
    await expect.poll(() => bar.locator('.number').textContent()).toBe('1');
    const { run } = await scout.claimNextTask();
    await scout.failTask({ runId: run!.id, error: 'disk full', retry: false });
    await expect.poll(() => number('Failed, last hour').textContent()).toBe('1');
    await expect.poll(() => number('Run p50 / p95').textContent()).toMatch(/ s \/ .* s$/);
    await page.getByRole('img', { name: 'Median and 95th percentile by hour' }).waitFor();
    expect(faults).toEqual([]);
    await take(page, 'queue-light');
  });
});

describe('the log of events', () => {
  it('follows, counts what comes during a pause, and filters by a click', async () => {
    const { admin } = dashboard;
    await admin.createTask({ title: 'Logged first' });
    const { page, faults } = await dashboard.open('/events?types=task', {
      context: { permissions: ['clipboard-write'] },
    });
    await untilLive(page);
    const rows = page.locator('.event');
    await rows.filter({ hasText: 'Logged first' }).first().waitFor();
    await page.keyboard.press('Space');
    const { task } = await admin.createTask({ title: 'Logged second' });
    await page.getByText('Paused: 1 new event').waitFor();
    expect(await rows.filter({ hasText: 'Logged second' }).count()).toBe(0);
    await page.keyboard.press('Space');
    await rows.filter({ hasText: 'Logged second' }).waitFor();
    await rows.getByRole('button', { name: task.ref }).click();
    await expect.poll(() => rows.allTextContents()).toHaveLength(1);
    expect(page.url()).toContain(`task=${task.ref}`);
    await admin.cancelTask({ task: { id: task.id }, reason: 'Not needed' });
    await rows.filter({ hasText: 'task.cancelled' }).waitFor();
    await rows.first().getByRole('button', { name: 'From here' }).click();
    const notice = await page.getByText(/^Copied /).textContent();
    await page.goto(`${dashboard.server.url}/events?task=${task.ref}&after=${notice!.slice(7)}`);
    await expect.poll(() => rows.allTextContents()).toEqual([expect.stringContaining('task.cancelled')]);
    await page.goto(`${dashboard.server.url}/events?types=webhook`);
    await page.getByText('No event matches').waitFor();
    await page.goto(`${dashboard.server.url}/events?after=nonsense`);
    await page.getByRole('alert').waitFor();
    expect(faults).toEqual([]);
  });
});
