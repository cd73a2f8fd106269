import { describe, expect, it, onTestFinished } from 'vitest';
import { sdkAgent } from '../support/servers/sdk-client.js';
import { accept, startReceiver } from '../support/servers/webhook-receiver.js';
import { untilLive, useDashboard } from './fixture.js';

const dashboard = useDashboard({ MC_WEBHOOK_ALLOW_PRIVATE: 'on' });

/** Work of an agent that is delivered and waits for a verdict. */
async function deliver(title: string, resolution: string) {
  const { admin, server } = dashboard;
  const name = title.toLowerCase().replaceAll(' ', '-');
  const agent = await sdkAgent(server, name);
  const { task } = await admin.createTask({ title, assignee: { name } });
  const { run } = await agent.claimNextTask();
  await agent.completeTask({ runId: run!.id, resolution });
  return task;
}

/** A webhook that the server has paused, because its receiver is gone. */
async function aBrokenWebhook() {
  const receiver = await startReceiver((_received, response) => response.writeHead(410).end());
  onTestFinished(() => receiver.close());
  const { webhook } = await dashboard.admin.createWebhook({
    url: receiver.url,
    filter: { types: ['task.created'] },
  });
  return { id: webhook!.id, receiver };
}

describe('the start page', () => {
  it('says what needs a person and why, and offers the next step of each, which takes it off the list', async () => {
    const { admin, server } = dashboard;
    const statusOf = async (task: { readonly id: string }) =>
      (await admin.task({ ref: { id: task.id } }))!.status;
    const { page, faults } = await dashboard.open('/');
    await page.getByText('Nothing needs you.').waitFor();
    const webhook = await aBrokenWebhook();
    const fixer = await sdkAgent(server, 'fixer', { capacity: 2 });
    const { task: failing } = await admin.createTask({ title: 'Fails', assignee: { name: 'fixer' } });
    const attempt = await fixer.claimNextTask();
    await fixer.failTask({ runId: attempt.run!.id, error: 'disk full', retry: false });
    const { task: asking } = await admin.createTask({ title: 'Asks', assignee: { name: 'fixer' } });
    const { run } = await fixer.claimNextTask();
    await fixer.askQuestion({ runId: run!.id, text: 'Which **port**?' });
    const good = await deliver('Good work', 'All **tests** pass.');
    const poor = await deliver('Poor work', 'Nothing works.');
    const { task: stuck } = await admin.createTask({ title: 'Not claimed' });
    const { task: hopeless } = await admin.createTask({ title: 'Old system', requires: ['cobol'] });
    await admin.registerAgent({ name: 'sleeper' });
    await admin.createTask({ title: 'Held up', assignee: { name: 'sleeper' } });
    await admin.disconnectAgent({ agent: { name: 'sleeper' } });

    const row = (text: string) => page.locator('.needs li', { hasText: text });
    await row('Silent agent').waitFor();
    await expect.poll(() => page.title()).toBe('(8) Needs you · Mission Control');
    const icon = page.locator('link[rel="icon"]');
    await expect.poll(() => icon.getAttribute('href')).toContain(encodeURIComponent('>8</text>'));
    expect(await page.getByRole('region', { name: 'Work stands still' }).textContent()).toContain('410');

    webhook.receiver.reply = accept;
    await row('410').getByRole('button', { name: 'Resume' }).click();
    await expect.poll(() => row('410').count()).toBe(0);
    expect((await admin.webhook({ id: webhook.id }))!.paused).toBe(false);
    await page.keyboard.press('j');
    await page.getByLabel('Answer: Which **port**?').fill('5432');
    await page.keyboard.press('Control+Enter');
    await expect.poll(() => page.getByRole('region', { name: 'Questions' }).count()).toBe(0);
    await expect.poll(() => statusOf(asking)).toBe('ASSIGNED');
    await row('disk full').getByRole('button', { name: 'Retry' }).press('Enter');
    await expect.poll(() => statusOf(failing)).toBe('ASSIGNED');
    await row('Good work').getByRole('button', { name: 'Show' }).click();
    await row('Good work').getByText('All tests pass.').waitFor();
    await row('Good work').getByRole('button', { name: 'Approve' }).click();
    await expect.poll(() => statusOf(good)).toBe('DONE');
    await row('Poor work').getByRole('button', { name: 'Show' }).click();
    await row('Poor work').getByRole('button', { name: 'Reject' }).click();
    await row('Poor work').getByLabel('Reject with this note').fill('It must work.');
    await page.keyboard.press('Control+Enter');
    await expect.poll(() => statusOf(poor)).toBe('ASSIGNED');
    await row('Not claimed').getByRole('button', { name: 'Assign' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'fixer' }).click();
    await expect.poll(() => statusOf(stuck)).toBe('ASSIGNED');
    await row('cobol').getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(() => statusOf(hopeless)).toBe('CANCELLED');
    await expect.poll(() => page.locator('.needs li').count()).toBe(1);
    await row('Silent agent').getByRole('link', { name: 'Its tasks' }).click();
    await page.getByText('Held up').waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('h');
    await row('Silent agent').waitFor();
    await page.keyboard.press('a');
    await page.getByText('Nothing needs you.').waitFor();
    await expect.poll(() => page.title()).toBe('Needs you · Mission Control');
    await expect.poll(() => icon.getAttribute('href')).not.toContain('text');
    expect(faults).toEqual([]);
  });

  it('notifies of what is new while it is hidden, only after a click has asked for it', async () => {
    const { admin, server } = dashboard;
    const noisy = await sdkAgent(server, 'noisy', { capacity: 2 });
    const { page } = await dashboard.open('/', {
      script: `
        globalThis.shown = [];
        globalThis.asked = 0;
        globalThis.Notification = class {
          static permission = 'default';
          static async requestPermission() {
            globalThis.asked += 1;
            return (this.permission = 'granted');
          }
          constructor(title, { body }) { globalThis.shown.push(body); }
        };
        let hidden = false;
        Object.defineProperty(document, 'hidden', { get: () => hidden, set: (value) => { hidden = value; } });
      `,
    });
    await untilLive(page);
    const ask = async (text: string) => {
      await admin.createTask({ title: text, assignee: { name: 'noisy' } });
      const { run } = await noisy.claimNextTask();
      await noisy.askQuestion({ runId: run!.id, text });
      await page.getByText(text).first().waitFor();
    };
    await page.evaluate('document.hidden = true');
    await ask('Before the click?');
    expect(await page.evaluate('[asked, shown.length]')).toEqual([0, 0]);
    await page.getByRole('button', { name: 'Notifications: off' }).click();
    await page.getByRole('button', { name: 'Notifications: on' }).waitFor();
    await ask('After the click?');
    await expect.poll(() => page.evaluate('shown')).toEqual([expect.stringContaining('After the click?')]);
    await page.evaluate('document.hidden = false');
    await ask('While it is seen?');
    expect(await page.evaluate('[asked, shown.length]')).toEqual([1, 1]);
  });
});

describe('the page of a task', () => {
  it('edits every field, and shows what others changed meanwhile before it overwrites them', async () => {
    const { admin } = dashboard;
    const { task } = await admin.createTask({ title: 'Before', tags: ['old'], metadata: { ticket: 1 } });
    const { page, faults } = await dashboard.open(`/tasks/${task.ref}`);
    await untilLive(page);
    await page.getByRole('button', { name: 'Edit' }).click();
    const form = page.getByRole('dialog', { name: `Edit ${task.ref}` });
    await form.getByLabel('Title').fill('After');
    await form.getByLabel('Description').fill('With **words**.');
    await form.getByLabel('Priority').selectOption('HIGH');
    await form.getByRole('combobox', { name: 'Review' }).selectOption('SKIP');
    await form.getByLabel('Tags').fill('docs, new');
    await form.getByLabel('Required capabilities').fill('typescript');
    await form.getByLabel('Due at').fill('2036-05-01T10:30');
    await form.getByLabel('Metadata').fill('{"ticket": 2}');
    await form.getByRole('button', { name: 'Save' }).click();
    await expect.poll(() => form.count()).toBe(0);
    await page.getByRole('heading', { name: 'After' }).waitFor();
    expect(await admin.task({ ref: { id: task.id } })).toMatchObject({
      ...{ title: 'After', description: 'With **words**.', priority: 'HIGH', reviewPolicy: 'SKIP' },
      ...{ tags: ['docs', 'new'], requires: ['typescript'], metadata: { ticket: 2 } },
      dueAt: new Date('2036-05-01T10:30').toISOString(),
    });
    await page.keyboard.press('e');
    await form.getByLabel('Title').fill('Mine');
    await form.getByLabel('Due at').fill('');
    await admin.updateTask({ task: { id: task.id }, title: 'Theirs', priority: 'LOW' });
    await form.getByRole('button', { name: 'Save' }).click();
    await form.getByText('Changed title, priority').or(form.getByText('Changed priority, title')).waitFor();
    expect(await form.getByRole('alert').textContent()).toContain('version');
    expect((await admin.task({ ref: { id: task.id } }))!.title).toBe('Theirs');
    await form.getByRole('button', { name: 'Save my changes over these' }).click();
    await expect.poll(() => form.count()).toBe(0);
    expect(await admin.task({ ref: { id: task.id } })).toMatchObject({
      ...{ title: 'Mine', priority: 'LOW', dueAt: null, tags: ['docs', 'new'] },
    });
    expect(faults).toEqual([]);
  });

  it('says why a task waits and what keeps each agent from it, and edits its dependencies', async () => {
    const { admin, server } = dashboard;
    await sdkAgent(server, 'painter');
    const { task: first } = await admin.createTask({ title: 'Comes first' });
    const { task } = await admin.createTask({ title: 'Waits long', requires: ['cobol'] });
    const { page } = await dashboard.open(`/tasks/${task.ref}`);
    await page.getByText('Waits: no agent has the capabilities').waitFor();
    await page.locator('.candidates li', { hasText: 'painter' }).getByText('cobol').waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('painter');
    await page.getByRole('option', { name: 'Pause painter' }).click();
    await page.locator('.candidates li', { hasText: 'painter' }).getByText('paused').waitFor();
    await page.getByRole('link', { name: 'painter' }).click();
    await page.getByRole('button', { name: 'Resume', exact: true }).click();
    // The notices of the page are buttons as well.
    await page.getByRole('button', { name: 'Pause', exact: true }).waitFor();
    await expect.poll(async () => (await admin.agent({ ref: { name: 'painter' } }))!.status).toBe('IDLE');
    await page.goBack();
    const field = page.getByLabel('Ref of a task that must be done first');
    await field.fill(task.ref);
    await field.press('Enter');
    await page.getByRole('alert').waitFor();
    await field.fill(first.ref.toLowerCase());
    await field.press('Enter');
    const needs = page.getByRole('region', { name: 'Depends on' });
    await needs.getByText('Comes first').click();
    await page.getByRole('region', { name: 'Needed by' }).getByText('Waits long').click();
    await needs.getByRole('button', { name: `Remove the dependency on ${first.ref}` }).click();
    await expect.poll(() => needs.getByText('Comes first').count()).toBe(0);
  });

  it('completes and fails the work of an agent, and shows what each attempt took, failures alone on demand', async () => {
    const { admin, server } = dashboard;
    const mute = await sdkAgent(server, 'mute');
    const { task } = await admin.createTask({ title: 'Stays silent', assignee: { name: 'mute' } });
    const usage = { model: 'small', inputTokens: 1_000, outputTokens: 500, costUsd: 0.5 };
    const first = await mute.claimNextTask();
    await mute.failTask({ runId: first.run!.id, error: 'out of memory', retry: false });
    const { page, faults } = await dashboard.open(`/tasks/${task.ref}`);
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.locator('.facts').getByText('Assigned').waitFor();
    const { run } = await mute.claimNextTask({ waitSeconds: 20 });
    for (const percent of [10, 20, 30])
      await mute.reportProgress({ runId: run!.id, message: 'Reading', percent });
    await page.getByRole('button', { name: 'Show 2 earlier reports' }).click();
    await page.getByText('Attempt 2 progress: Reading (10 %)').waitFor();
    await page.getByRole('button', { name: 'Complete with a result' }).click();
    await page.getByRole('textbox', { name: 'Complete with a result' }).fill('Done by **hand**');
    await page.getByRole('dialog').getByRole('button', { name: 'Complete with a result' }).click();
    await page.locator('.facts').getByText('Review').waitFor();
    await page.getByRole('region', { name: 'Result' }).getByText('Done by hand').waitFor();
    await page.getByRole('button', { name: 'Failures' }).click();
    const lines = page.locator('.timeline li');
    await expect.poll(() => lines.allTextContents()).not.toHaveLength(0);
    expect((await lines.allTextContents()).join()).not.toContain('Created');
    await page.getByRole('button', { name: 'Reject with a note' }).click();
    await page.getByRole('textbox', { name: 'Reject with a note' }).fill('Not by hand.');
    await page.keyboard.press('Control+Enter');
    const last = await mute.claimNextTask({ waitSeconds: 20 });
    await mute.completeTask({ runId: last.run!.id, resolution: 'Done', usage });
    await page.getByText('1,500 tokens · $0.50', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.locator('.facts').getByText('Done').waitFor();
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
