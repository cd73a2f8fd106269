import { describe, expect, it } from 'vitest';
import { sdkAgent } from '../support/servers/sdk-client.js';
import { untilLive, useDashboard } from './fixture.js';

const dashboard = useDashboard();

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
    const { run } = await mute.claimNextTask();
    for (const percent of [10, 20, 30]) await mute.reportProgress({ runId: run!.id, message: 'Reading', percent });
    await page.getByRole('button', { name: 'Show 2 earlier reports' }).click();
    await page.getByText('Reading (10 %)').waitFor();
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
