import { describe, expect, it, onTestFinished } from 'vitest';
import { sdkAgent } from '../support/servers/sdk-client.js';
import { startReceiver } from '../support/servers/webhook-receiver.js';
import { untilLive, useDashboard } from './fixture.js';

const dashboard = useDashboard({ MC_WEBHOOK_ALLOW_PRIVATE: 'on' });

describe('the queue', () => {
  it('says that it is empty, and then shows live what waits, what ended and how long it took', async () => {
    const { admin, server } = dashboard;
    const { page, faults } = await dashboard.open('/queue');
    await untilLive(page);
    const number = (name: string) =>
      page.locator('.numbers div', { has: page.getByText(name, { exact: true }) }).locator('dd');
    await expect.poll(() => number('Waiting').textContent()).toBe('0');
    await page.getByText('No attempt succeeded in 24 hours').waitFor();
    await page.getByRole('img', { name: /0 created/ }).waitFor();
    const scout = await sdkAgent(server, 'scout', { acceptsInbox: true });
    await admin.createTask({ title: 'Counted', priority: 'CRITICAL' });
    await expect.poll(() => number('Waiting').textContent()).toBe('1');
    const bar = page.locator('.waiting-bars li', { hasText: 'Critical' });
    await expect.poll(() => bar.locator('.number').textContent()).toBe('1');
    const { run } = await scout.claimNextTask();
    await scout.failTask({ runId: run!.id, error: 'disk full', retry: false });
    await expect.poll(() => number('Failed, last hour').textContent()).toBe('1');
    await expect.poll(() => number('Wait p50 / p95').textContent()).toMatch(/s \/ .*s$/);
    await admin.createTask({ title: 'Succeeds' });
    const next = await scout.claimNextTask();
    await scout.completeTask({ runId: next.run!.id, resolution: 'Done' });
    await expect.poll(() => number('Run p50 / p95').textContent()).toMatch(/s \/ .*s$/);
    for (const name of [/Wait time: median/, /Run time: median/])
      await page.getByRole('img', { name }).waitFor();
    expect(faults).toEqual([]);
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

describe('schedules', () => {
  it('are explained, fired and paused, and show what became of each due time', async () => {
    const { admin } = dashboard;
    const { page, faults } = await dashboard.open('/schedules');
    await page.getByText('No task recurs yet').waitFor();
    await admin.createRecurringTask({
      ...{ name: 'daily-report', schedule: '0 9 * * 1-5', timeZone: 'Europe/Madrid' },
      template: { title: 'Write the daily report' },
    });
    const row = page.locator('.schedule', { hasText: 'daily-report' });
    await row.getByText('At 09:00, Monday through Friday').waitFor();
    expect(await row.locator('.next-runs li').count()).toBe(3);
    await row.getByRole('button', { name: 'Fire' }).click();
    await row
      .locator('.firing')
      .getByText(/by hand: TASK-\d+, inbox/)
      .waitFor({ state: 'attached' });
    await row.getByRole('button', { name: 'Pause' }).click();
    await row.getByText('Paused: none comes next.').waitFor();
    const { secret } = await admin.createApiKey({ name: 'schedule-reader', role: 'VIEWER' });
    const reader = await dashboard.open('/schedules', { key: secret });
    await reader.page.getByText('daily-report').waitFor();
    expect(await reader.page.getByRole('button', { name: /Fire|Pause|Resume/ }).count()).toBe(0);
    expect(await reader.page.getByRole('link', { name: 'New task' }).count()).toBe(0);
    expect(faults).toEqual([]);
  });
});

describe('pipelines', () => {
  it('are started with their variables, and show a run as a graph that changes with its tasks', async () => {
    const { admin, server } = dashboard;
    const { page, faults } = await dashboard.open('/pipelines');
    await page.getByText('There is no pipeline yet').waitFor();
    const builder = await sdkAgent(server, 'builder');
    const step = (key: string, title: string, dependsOn: string[] = []) => ({
      ...{
        key,
        dependsOn,
        template: { title, assignee: { name: 'builder' }, reviewPolicy: 'SKIP' as const },
      },
    });
    await admin.createPipeline({
      name: 'release',
      steps: [step('build', 'Build {{version}}'), step('ship', 'Ship {{version}}', ['build'])],
    });
    await page.getByText('It has not run yet.').waitFor();
    await page.getByRole('button', { name: 'Start' }).click();
    await page.getByLabel('version').fill('2.4');
    await page.getByRole('dialog').getByRole('button', { name: 'Start' }).click();
    const node = (name: string) => page.locator('.graph-node', { hasText: name });
    await node('Build 2.4').waitFor();
    await node('Ship 2.4').waitFor();
    expect(await page.locator('.graph path').count()).toBe(1);
    const { run } = await builder.claimNextTask();
    await node('Build 2.4').getByText('In progress').waitFor();
    await builder.completeTask({ runId: run!.id, resolution: 'Built' });
    await page.locator('.graph path[data-fed]').waitFor({ state: 'attached' });
    await page.getByText('50 %').waitFor();
    await page.getByRole('button', { name: 'Cancel the run' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel its tasks' }).click();
    await page.locator('.run-facts').getByText('Cancelled').waitFor();
    await page.goto(`${server.url}/pipelines`);
    await page.locator('.runs').getByText('Cancelled').waitFor();
    await page.goto(`${server.url}/pipelines/runs/plr_unknown`);
    await page.getByText('There is no such run').waitFor();
    expect(faults).toEqual([]);
  });
});

describe('settings', () => {
  it('create a key that is shown once and revoke it, try the routing, and show keys to admins only', async () => {
    const { admin, server } = dashboard;
    const context = { permissions: ['clipboard-read', 'clipboard-write'] };
    const { page, faults } = await dashboard.open('/settings', { context });
    await page.getByLabel('Name').fill('made-by-hand');
    await page.getByRole('button', { name: 'Create the key' }).click();
    const secret = await page.locator('.secret code').textContent();
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByText('Copied the key').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(secret);
    await page.getByRole('button', { name: 'Hide' }).click();
    expect(await page.content()).not.toContain(secret!);
    const reader = await dashboard.open('/settings', { key: secret });
    await reader.page.getByText('made-by-hand (viewer)').first().waitFor();
    expect(await reader.page.getByRole('link', { name: 'Keys' }).count()).toBe(0);
    await page
      .getByRole('row', { name: /made-by-hand/ })
      .getByRole('button', { name: 'Revoke' })
      .click();
    await page.getByRole('button', { name: 'Revoke made-by-hand' }).click();
    await page.getByRole('row', { name: /made-by-hand.*revoked/ }).waitFor();
    await expect.poll(() => reader.page.getByRole('alert').textContent()).toContain('revoked');
    await page.goto(`${server.url}/settings/models`);
    await page.getByLabel('Title').fill('Find the root cause of the outage');
    await page.getByRole('button', { name: 'Try' }).click();
    const { tier, signals } = await admin.classifyTask({ title: 'Find the root cause of the outage' });
    await page.locator('.route strong').getByText(tier, { exact: false }).waitFor();
    await expect.poll(() => page.locator('.route mark').count()).toBe(signals.length);
    await page.goto(`${server.url}/settings/server`);
    await page.getByText('PostgreSQL').first().waitFor();
    expect(faults).toEqual([]);
  });
});

describe('the form for a new task', () => {
  it('creates a task with what was typed, and shows why the server refuses one', async () => {
    const { admin } = dashboard;
    const { task: first } = await admin.createTask({ title: 'Comes first' });
    const { page, faults } = await dashboard.open('/queue');
    await page.getByRole('link', { name: 'New task' }).click();
    await page.getByLabel('Title').fill('Made in the form');
    await page.getByLabel('Agent').fill('nobody-known');
    await page.getByLabel('Priority').selectOption('HIGH');
    await page.getByLabel('Tags').fill('docs, form');
    await page.getByText('Dates, dependencies and metadata').click();
    await page.getByLabel('Depends on').fill(first.ref);
    await page.getByLabel('Metadata').fill('{"ticket": 42}');
    await page.getByRole('button', { name: 'Create the task' }).click();
    await expect.poll(() => page.getByRole('alert').textContent()).toContain('nobody-known');
    await page.getByLabel('Agent').fill('');
    await page.getByRole('button', { name: 'Create the task' }).click();
    await page.waitForURL(/\/tasks\/TASK-\d+$/);
    const task = (await admin.task({ ref: { ref: page.url().split('/').at(-1)! } }))!;
    expect(task).toMatchObject({
      ...{ title: 'Made in the form', priority: 'HIGH', tags: ['docs', 'form'], metadata: { ticket: 42 } },
      ...{ dependsOn: [{ ref: first.ref }] },
    });
    expect(faults).toEqual([]);
  });
});

describe('the settings of webhooks', () => {
  it('create one with a secret that is shown once, ping it, show its deliveries, pause, replay and remove it', async () => {
    const { admin } = dashboard;
    const receiver = await startReceiver();
    onTestFinished(() => receiver.close());
    const { page, faults } = await dashboard.open('/settings/webhooks');
    await page.getByText('No address gets events yet').or(page.locator('.webhook').first()).waitFor();
    await page.getByLabel('Address').fill(`${receiver.url}/new`);
    await page.getByLabel('Types of events').fill('task.created');
    await page.getByRole('button', { name: 'Create the webhook' }).click();
    const secret = await page.locator('.secret code').textContent();
    expect(secret).toMatch(/^whsec_/);
    await page.getByRole('button', { name: 'Hide' }).click();
    expect(await page.content()).not.toContain(secret!);
    const hook = page.locator('.webhook', { hasText: '/hooks/new' });
    await hook.getByRole('button', { name: 'Ping' }).click();
    await page.getByText(/The receiver answered 204 in \d+ ms/).waitFor();
    await admin.createTask({ title: 'Sent on' });
    await receiver.has(2);
    await hook.getByRole('button', { name: 'Deliveries' }).click();
    await hook.getByRole('row', { name: /204 \d+ ms 1 evt_/ }).waitFor();
    await hook.getByRole('button', { name: 'Pause' }).click();
    await hook.getByText('Paused').waitFor();
    await admin.createTask({ title: 'Held back' });
    await hook
      .getByText('1 event behind')
      .or(hook.getByText(/\d+ events behind/))
      .waitFor();
    await hook.getByRole('button', { name: 'Resume' }).click();
    await receiver.has(3);
    await hook.getByText('up to date').waitFor();
    receiver.reply = (_received, response) => response.writeHead(500).end('No room');
    await hook.getByRole('button', { name: 'Replay' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Deliver again' }).click();
    await hook.getByText(/1 failed attempt: /).waitFor();
    await hook.getByRole('row', { name: /500 \d+ ms 1 evt_/ }).waitFor();
    await hook.getByRole('button', { name: 'Ping' }).click();
    await page.getByText(/has not accepted it/).waitFor();
    await hook.getByRole('button', { name: 'New secret' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Make a new secret' }).click();
    await page.locator('.secret code').waitFor();
    expect(await page.locator('.secret code').textContent()).not.toBe(secret);
    await hook.getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove the webhook' }).click();
    await expect.poll(() => hook.count()).toBe(0);
    const { secret: key } = await admin.createApiKey({ name: 'hook-reader', role: 'VIEWER' });
    const reader = await dashboard.open('/settings/webhooks', { key });
    await reader.page.getByText('There are no such settings for this key').waitFor();
    expect(faults).toEqual([]);
  });
});

describe('the page of an agent', () => {
  it('edits its SOUL and its settings, and keeps what others change meanwhile', async () => {
    const { admin, server } = dashboard;
    await sdkAgent(server, 'pupil', { capacity: 2 });
    const { page, faults } = await dashboard.open('/agents/pupil');
    await untilLive(page);
    const form = page.getByRole('dialog', { name: 'Edit pupil' });
    await page.getByRole('button', { name: 'Edit' }).click();
    await form.getByLabel('SOUL').fill('Be **brief**.');
    await form.getByLabel('Capacity').fill('5');
    await form.getByLabel('Capabilities').fill('typescript, sql');
    await form.getByLabel('Takes tasks of the inbox').selectOption('YES');
    await form.getByRole('button', { name: 'Save' }).click();
    await expect.poll(() => form.count()).toBe(0);
    await page.getByText('Be brief.').waitFor();
    await page.getByRole('region', { name: 'Keys' }).getByText('key of pupil').waitFor();
    expect(await admin.agent({ ref: { name: 'pupil' } })).toMatchObject({
      ...{ soul: 'Be **brief**.', maxCapacity: 5, capabilities: ['typescript', 'sql'], acceptsInbox: true },
    });
    await page.keyboard.press('e');
    await form.getByLabel('Role').fill('tester');
    await form.getByText('How it gets its work').click();
    await form.getByLabel('Time limit').fill('soon');
    await admin.updateAgent({ agent: { name: 'pupil' }, maxCapacity: 7 });
    await page.getByText('0/7').waitFor();
    await form.getByRole('button', { name: 'Save' }).click();
    await form.getByRole('alert').waitFor();
    await form.getByLabel('Time limit').fill('PT5M');
    await form.getByRole('button', { name: 'Save' }).click();
    await form.getByRole('button', { name: 'Save my changes over these' }).click();
    await expect.poll(() => form.count()).toBe(0);
    expect(await admin.agent({ ref: { name: 'pupil' } })).toMatchObject({
      ...{ role: 'tester', maxCapacity: 7, config: { timeout: 'PT5M' } },
    });
    const { secret } = await admin.createApiKey({ name: 'agent-reader', role: 'VIEWER' });
    const reader = await dashboard.open('/agents/pupil', { key: secret });
    await reader.page.getByText('Be brief.').waitFor();
    expect(await reader.page.getByRole('button', { name: /Edit|Pause/ }).count()).toBe(0);
    expect(await reader.page.getByRole('region', { name: 'Keys' }).count()).toBe(0);
    expect(faults).toEqual([]);
  });
});
