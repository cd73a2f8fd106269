import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Receiver, startReceiver } from '../support/servers/webhook-receiver.js';
import { violationsOf } from './axe.js';
import { goTo, untilLive, useDashboard } from './fixture.js';
import { aFleet, planWork } from './fleet.js';

const dashboard = useDashboard({ MC_WEBHOOK_ALLOW_PRIVATE: 'on' });

let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(() => receiver.close());

/** The pictures are written only when asked for, because the ages in them differ from run to run. */
const folder = process.env.DASHBOARD_PICTURES
  ? fileURLToPath(new URL('../../docs/images/', import.meta.url))
  : null;

/** Each view, and what it says while there is nothing to show. */
const emptyViews: readonly (readonly [path: string, says: string])[] = [
  ['/', 'Nothing needs you.'],
  ['/board', 'None.'],
  ['/board?view=list', 'No task matches.'],
  ['/tasks/TASK-1', 'There is no task TASK-1'],
  ['/reviews', 'No work waits for a verdict'],
  ['/agents', 'No agent has registered yet'],
  ['/agents/scout', 'There is no agent scout'],
  ['/queue', 'No attempt succeeded in 24 hours'],
  ['/events?types=webhook', 'No event matches'],
  ['/schedules', 'No task recurs yet'],
  ['/pipelines', 'There is no pipeline yet'],
  ['/pipelines/runs/plr_unknown', 'There is no such run'],
  ['/settings/webhooks', 'No address gets events yet'],
  ['/board/nowhere', 'There is no view at this address'],
];

async function take(page: Page, name: string): Promise<void> {
  await expect.poll(() => page.locator('.loading').count()).toBe(0);
  if (folder === null) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}${name}.png`, await page.screenshot({ animations: 'disabled', caret: 'hide' }));
}

/** What axe finds in both themes. Only rules about colours depend on the theme. */
async function findInBothThemes(page: Page, where: string): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const violations = await violationsOf(page, colorScheme === 'light' ? 'all' : 'colours');
    found.push(...violations.map((violation) => `${where} ${colorScheme} ${violation}`));
  }
  return found;
}

describe('every view', () => {
  it('says what it is for while there is nothing to show, and axe finds nothing', async () => {
    const { page, faults } = await dashboard.open('/');
    await untilLive(page);
    const found: string[] = [];
    for (const [path, says] of emptyViews) {
      await goTo(page, path);
      await page.getByText(says).first().waitFor();
      found.push(...(await violationsOf(page)).map((violation) => `${path} ${violation}`));
    }
    expect(found).toEqual([]);
    expect(faults).toEqual([]);
  });

  it.each(['light', 'dark'] as const)(
    'shows a fleet at work in the %s theme, and axe finds nothing',
    async (colorScheme) => {
      const viewport = { width: 1120, height: 700 };
      const { page, faults } = await dashboard.open('/', { context: { viewport, colorScheme } });
      await untilLive(page);
      const found: string[] = [];
      for (const { path, name, text } of await filledViews()) {
        await goTo(page, path);
        await page.getByText(text).first().waitFor();
        await take(page, `${name}-${colorScheme}`);
        const violations = await violationsOf(page, colorScheme === 'light' ? 'all' : 'colours');
        found.push(...violations.map((violation) => `${path} ${violation}`));
      }
      expect(found).toEqual([]);
      expect(faults).toEqual([]);
    },
  );

  it('fits a phone', async () => {
    const { page } = await dashboard.open('/', { context: { viewport: { width: 390, height: 700 } } });
    await untilLive(page);
    for (const { path, name, text } of await filledViews()) {
      await goTo(page, path);
      await page.getByText(text).first().waitFor();
      const fits = 'document.documentElement.scrollWidth <= window.innerWidth';
      expect([path, await page.evaluate(fits)]).toEqual([path, true]);
      const wide = `[...document.querySelectorAll('.table-box')].filter((box) => box.scrollWidth > box.clientWidth).length`;
      expect([path, await page.evaluate(wide)]).toEqual([path, 0]);
      await take(page, `${name}-phone`);
    }
  });

  it('prints a task on white, without what can only be clicked', async () => {
    await filledViews();
    const { nodes } = await dashboard.admin.tasks({ filter: { status: ['REVIEW'] }, first: 1 });
    const { page } = await dashboard.open(`/tasks/${nodes[0]!.ref}`, { context: { colorScheme: 'dark' } });
    await page.locator('.attempt').first().waitFor();
    const look = () =>
      page.evaluate(`[document.body, document.querySelector('.task-title')].map((one) => {
        const { backgroundColor, color } = getComputedStyle(one);
        return one === document.body ? backgroundColor : color;
      })`);
    expect(await look()).toEqual(['rgb(19, 20, 22)', 'rgb(232, 232, 230)']);
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await look()).toEqual(['rgb(251, 251, 250)', 'rgb(28, 29, 32)']);
    for (const hidden of ['.rail', '.tools', '.comment-box', '.segments'])
      expect([hidden, await page.locator(hidden).first().isVisible()]).toEqual([hidden, false]);
    for (const shown of ['.task-title', '.attempt', '.timeline li'])
      expect([shown, await page.locator(shown).first().isVisible()]).toEqual([shown, true]);
  });

  it('opens forms and dialogs in which axe finds nothing', async () => {
    await filledViews();
    const { nodes } = await dashboard.admin.tasks({ filter: { status: ['REVIEW'] }, first: 1 });
    const ref = nodes[0]!.ref;
    const { page } = await dashboard.open('/');
    await untilLive(page);
    const press = (key: string) => () => page.keyboard.press(key);
    const click = (name: string) => () => page.getByRole('button', { name, exact: true }).first().click();
    const editAgent = async () => {
      await page.keyboard.press('e');
      await page.getByText('How it gets its work').click();
    };
    const inbox = '/board?view=list&status=INBOX';
    const select = async () => {
      await page.locator('.task-row[data-id]').first().waitFor();
      await page.keyboard.press('j');
      await page.keyboard.press('x');
      await page.locator('.bulk-bar').waitFor();
    };
    const change = (name: string) => async () => {
      if ((await page.locator('.bulk-bar').count()) === 0) await select();
      await page.locator('.bulk-bar').getByRole('button', { name, exact: true }).click();
    };
    const opened: readonly (readonly [path: string, open: () => Promise<unknown>, shows: string])[] = [
      ['/', click('Show'), 'Beside what was asked'],
      ['/', press('?'), 'Go to Board'],
      ['/', press('Control+k'), 'Switch the theme'],
      [`/tasks/${ref}`, press('e'), 'Metadata, a JSON object'],
      [`/tasks/${ref}`, press('m'), 'Reject with a note'],
      [`/reviews?task=${ref}`, press('r'), 'Tests are missing.'],
      ['/settings/webhooks', click('Deliveries'), 'Latency'],
      ['/settings/webhooks', click('Replay'), 'All matching events'],
      ['/agents/nova', editAgent, 'Time limit'],
      [inbox, select, 'tasks that match'],
      [inbox, change('Assign'), 'Assign to'],
      [inbox, change('Tags'), 'Tags of 1 task'],
      [inbox, change('Cancel'), 'Reason (may be left out)'],
    ];
    const found: string[] = [];
    for (const [path, open, shows] of opened) {
      await goTo(page, path);
      await page.locator('.top h1').waitFor();
      await expect.poll(() => page.locator('.loading').count()).toBe(0);
      await open();
      await page.getByText(shows).first().waitFor();
      found.push(...(await findInBothThemes(page, `${path} ${shows}`)));
      await page.keyboard.press('Escape');
      await expect.poll(() => page.locator('dialog[open]').count()).toBe(0);
    }
    expect(found).toEqual([]);
  });

  it('shows an error in the words of the server where the data would be, and asks again on demand', async () => {
    const { page } = await dashboard.open('/tasks/new');
    await untilLive(page);
    const paths = [
      ...[
        '/',
        '/board',
        '/board?view=list',
        '/tasks/TASK-1',
        '/reviews',
        '/agents',
        '/agents/scout',
        '/queue',
        '/events',
      ],
      ...['/schedules', '/pipelines', '/settings/keys', '/settings/webhooks', '/settings/server'],
    ];
    const alerts = page.getByRole('alert').getByText('No answer today');
    const again = page.getByRole('button', { name: 'Try again' });
    for (const path of paths) {
      await page.route('**/graphql', (route) =>
        /query Viewer\b/.test(route.request().postData() ?? '')
          ? route.continue()
          : route.fulfill({ status: 400, json: { errors: [{ message: 'No answer today' }] } }),
      );
      if (path === '/') await page.goto(dashboard.server.url);
      else await goTo(page, path);
      await alerts.first().waitFor();
      await page.unroute('**/graphql');
      await expect
        .poll(async () => {
          // It may vanish before the click, which would wait for another one.
          if ((await again.count()) > 0)
            await again
              .first()
              .click({ timeout: 300 })
              .catch(() => undefined);
          return again.count();
        })
        .toBe(0);
    }
  });
});

let filling: Promise<readonly FilledView[]> | undefined;

interface FilledView {
  readonly path: string;
  readonly name: string;
  readonly text: string;
}

/** Each view with something to show. The first call fills the server. */
function filledViews(): Promise<readonly FilledView[]> {
  filling ??= fill();
  return filling;
}

async function fill(): Promise<readonly FilledView[]> {
  await dashboard.admin.createWebhook({
    url: `${receiver.url}/events`,
    filter: { types: ['task', 'review'] },
  });
  const ref = await aFleet(dashboard);
  const pipelineRun = await planWork(dashboard);
  return [
    { path: '/', name: 'needs-you', text: 'model overloaded' },
    { path: '/board', name: 'board', text: 'Measure the cold start' },
    { path: '/board?view=list', name: 'board-list', text: 'Measure the cold start' },
    { path: `/tasks/${ref}`, name: 'task', text: 'Review 2 requested' },
    { path: `/reviews?task=${ref}`, name: 'reviews', text: 'test/notes.test.ts' },
    { path: '/agents', name: 'agents', text: 'scout' },
    { path: '/agents/nova', name: 'agent', text: 'Test first.' },
    { path: '/queue', name: 'queue', text: 'Run time by hour' },
    { path: '/events', name: 'events', text: 'task.created' },
    { path: '/schedules', name: 'schedules', text: 'daily-report' },
    { path: '/pipelines', name: 'pipelines', text: 'release' },
    { path: `/pipelines/runs/${pipelineRun}`, name: 'pipeline-run', text: 'Publish 2.4' },
    { path: '/settings/keys', name: 'settings', text: 'Begins with' },
    { path: '/settings/webhooks', name: 'webhooks', text: 'Delivers' },
    { path: '/settings/models', name: 'models', text: 'which model a task would get' },
    { path: '/settings/server', name: 'server', text: 'Limits' },
    { path: '/tasks/new', name: 'new-task', text: 'Create the task' },
  ];
}
