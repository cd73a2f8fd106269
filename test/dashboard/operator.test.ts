import { describe, expect, it, onTestFinished } from 'vitest';
import { runSql } from '../support/postgres/throw-away-postgres.js';
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
    await expect.poll(() => row('Which port?').count()).toBe(0);
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
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the task' }).click();
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

  it('hands back the work of a silent agent, fires a schedule that was skipped, and leads to a gateway that fails', async () => {
    const { admin, databaseUrl, server } = dashboard;
    const gone = await sdkAgent(server, 'gone', { acceptsInbox: true });
    const { task } = await admin.createTask({ title: 'Left behind' });
    await gone.claimNextTask();
    const missed = new Date(Math.floor(Date.now() / 60_000 - 90) * 60_000);
    const { recurringTask } = await admin.createRecurringTask({
      name: 'nightly',
      schedule: `${missed.getUTCMinutes()} ${missed.getUTCHours()} * * *`,
      template: { title: 'Clean up' },
    });
    await runSql(
      databaseUrl,
      "UPDATE agents SET last_seen_at = now() - interval '1 day' WHERE name = 'gone'",
      `UPDATE recurring_tasks SET next_due_at = '${missed.toISOString()}' WHERE name = 'nightly'`,
      "INSERT INTO gateway_outages (gateway, error, remedy, since, expires_at) VALUES ('claw', 'HTTP 401', 'Check the key.', now(), now() + interval '1 hour')",
    );
    await admin.runSchedulerJob({ name: 'spawnRecurringTasks' });
    const { page, faults } = await dashboard.open('/');
    const row = (text: string) => page.locator('.needs li', { hasText: text });
    await row('gone is silent').getByRole('button', { name: 'Release its work' }).click();
    await expect.poll(() => row('gone is silent').count()).toBe(0);
    expect((await admin.task({ ref: { id: task.id } }))!.status).toBe('INBOX');
    await row('nightly').getByRole('button', { name: 'Fire now' }).click();
    await page.getByText('nightly was fired').waitFor();
    await expect.poll(() => row('nightly').count()).toBe(0);
    expect((await admin.recurringTask({ id: recurringTask!.id }))!.fireCount).toBe(1);
    await row('claw').getByText('Check the key.').waitFor();
    await row('claw').getByRole('link', { name: 'Open' }).click();
    await page.getByRole('heading', { name: 'Queue' }).waitFor();
    expect(faults).toEqual([]);
    await runSql(databaseUrl, 'DELETE FROM gateway_outages');
    await admin.cancelTask({ task: { id: task.id } });
  });

  it('notifies of work that stands still while it is hidden, only after a click has asked for it', async () => {
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
    const breakWebhook = async () => {
      const { id } = await aBrokenWebhook();
      await admin.createTask({ title: 'Not accepted', assignee: { name: 'noisy' } });
      await page.locator('.needs li', { hasText: '410' }).waitFor();
      const shown = await page.evaluate('[asked, shown.length]');
      await admin.removeWebhook({ id });
      await expect.poll(() => page.locator('.needs li', { hasText: '410' }).count()).toBe(0);
      return shown;
    };
    await page.evaluate('document.hidden = true');
    expect(await breakWebhook()).toEqual([0, 0]);
    await page.getByRole('button', { name: 'Notifications: off' }).click();
    await page.getByRole('button', { name: 'Notifications: on' }).waitFor();
    await ask('Which port?');
    expect(await breakWebhook()).toEqual([1, 1]);
    expect(await page.evaluate('shown')).toEqual([expect.stringContaining('410')]);
    await page.evaluate('document.hidden = false');
    expect(await breakWebhook()).toEqual([1, 1]);
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
