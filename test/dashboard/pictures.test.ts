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

const titles = [
  'Write the release notes for 2.4',
  'Migrate the invoices table to bigint ids',
  'Fix the flaky upload test on Windows',
  'Summarise the support tickets of last week',
  'Translate the onboarding mails into Spanish and Portuguese',
  'Investigate why exports time out for large accounts',
  'Draft an answer to the security questionnaire',
  'Measure the cold start of the worker image',
];
const priorities = ['CRITICAL', 'HIGH', 'MEDIUM', 'MEDIUM', 'LOW'] as const;
const description =
  'Read the `README` first.\n\n1. Keep the format\n2. Name what is left\n\n```ts\nconst answer = 42;\n```';
const result = '## Summary\n\nThe notes are in `docs/notes.md`.\n\n- 12 features\n- 31 fixes';

/** A fleet in which something of everything happens. Returns the ref of a task with two rounds of review. */
async function aFleet(): Promise<string> {
  const { admin, server } = dashboard;
  const scout = await sdkAgent(server, 'scout', { capacity: 3, acceptsInbox: true });
  const nova = await sdkAgent(server, 'nova');
  await admin.updateAgent({ agent: { name: 'nova' }, soul: '# Nova\n\nBe brief. Test first.' });
  await sdkAgent(server, 'iris', { role: 'writer' });
  const create = (index: number, more: object = {}) =>
    admin.createTask({
      ...{ title: titles[index % titles.length]!, description, priority: priorities[index % 5]! },
      ...{ tags: index % 3 === 0 ? ['backend', 'database'] : ['docs'], ...more },
    });
  const reviewed = await create(4, { assignee: { name: 'nova' } });
  const usage = { model: 'small', inputTokens: 12_000, outputTokens: 900, costUsd: 0.12 };
  const first = await nova.claimNextTask();
  await nova.reportProgress({ runId: first.run!.id, message: 'Reading the files', percent: 40 });
  await nova.completeTask({ runId: first.run!.id, resolution: result, usage });
  await admin.submitVerdict({
    task: { id: reviewed.task.id },
    verdict: 'REJECTED',
    feedback: 'Tests are missing.',
  });
  const second = await nova.claimNextTask();
  await nova.completeTask({
    runId: second.run!.id,
    resolution: `${result}\n- tests in \`test/notes.test.ts\``,
    usage,
  });
  await create(5, { assignee: { name: 'nova' } });
  const failing = await nova.claimNextTask();
  await nova.failTask({
    runId: failing.run!.id,
    error: 'model overloaded: 529 after three attempts',
    retry: false,
  });
  for (const index of [0, 1]) {
    await create(index, { assignee: { name: 'scout' } });
    await scout.claimNextTask();
  }
  await create(3, { requires: ['cobol'] });
  for (let index = 0; index < 9; index += 1)
    await create(index, index > 5 ? { assignee: { name: 'iris' } } : {});
  return reviewed.task.ref;
}

/** A schedule that has fired, and a run of a pipeline whose first step is done. Returns the id of the run. */
async function planWork(): Promise<string> {
  const { admin, server } = dashboard;
  const { recurringTask } = await admin.createRecurringTask({
    ...{ name: 'daily-report', schedule: '0 9 * * 1-5', timeZone: 'Europe/Madrid' },
    template: { title: 'Write the daily report' },
  });
  for (let count = 0; count < 4; count += 1) await admin.fireRecurringTask({ id: recurringTask!.id });
  const builder = await sdkAgent(server, 'builder');
  const step = (key: string, title: string, dependsOn: string[] = []) => ({
    ...{ key, dependsOn },
    template: { title, assignee: { name: 'builder' }, reviewPolicy: 'SKIP' as const },
  });
  const steps = [
    step('build', 'Build {{version}}'),
    step('notes', 'Write the notes of {{version}}'),
    step('test', 'Test {{version}}', ['build']),
    step('publish', 'Publish {{version}}', ['test', 'notes']),
  ];
  await admin.createPipeline({ name: 'release', steps });
  const { pipelineRun } = await admin.startPipeline({ name: 'release', variables: { version: '2.4' } });
  const { run } = await builder.claimNextTask();
  await builder.completeTask({ runId: run!.id, resolution: 'Built' });
  await builder.claimNextTask();
  return pipelineRun!.id;
}

async function take(page: Page, name: string): Promise<void> {
  await untilLive(page);
  await expect.poll(() => page.locator('.loading').count()).toBe(0);
  const picture = await page.screenshot({ animations: 'disabled', caret: 'hide' });
  expect(picture.length).toBeGreaterThan(5_000);
  if (folder === null) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}${name}.png`, picture);
}

describe('the pictures of docs/dashboard.md', () => {
  it('show every view with a fleet at work, in both themes and on a phone', async () => {
    const ref = await aFleet();
    const pipelineRun = await planWork();
    const views = [
      { path: '/', name: 'needs-you', text: 'model overloaded' },
      { path: '/board', name: 'board', text: 'Measure the cold start' },
      { path: `/tasks/${ref}`, name: 'task', text: 'Review 2 requested' },
      { path: `/reviews?task=${ref}`, name: 'reviews', text: 'test/notes.test.ts' },
      { path: '/agents', name: 'agents', text: 'scout' },
      { path: '/queue', name: 'queue', text: 'run p95' },
      { path: '/events', name: 'events', text: 'task.created' },
      { path: '/schedules', name: 'schedules', text: 'daily-report' },
      { path: '/pipelines', name: 'pipelines', text: 'release' },
      { path: `/pipelines/runs/${pipelineRun}`, name: 'pipeline-run', text: 'Publish 2.4' },
      { path: '/settings/keys', name: 'settings', text: 'Begins with' },
      { path: '/tasks/new', name: 'new-task', text: 'Create the task' },
    ];
    for (const colorScheme of ['light', 'dark'] as const) {
      const viewport = { width: 1120, height: 700 };
      const { page } = await dashboard.open('/', { context: { colorScheme, viewport } });
      for (const { path, name, text } of views) {
        await page.goto(dashboard.server.url + path);
        await page.getByText(text).first().waitFor();
        await take(page, `${name}-${colorScheme}`);
      }
    }
    const phone = { viewport: { width: 390, height: 700 } };
    const { page } = await dashboard.open('/', { context: phone });
    await page.getByText('model overloaded').first().waitFor();
    await take(page, 'phone');
    for (const { path } of views) {
      await page.goto(dashboard.server.url + path);
      await untilLive(page);
      const fits = 'document.documentElement.scrollWidth <= window.innerWidth';
      expect([path, await page.evaluate(fits)]).toEqual([path, true]);
    }
  });
});
