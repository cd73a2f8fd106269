import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { sdkAgent } from '../support/servers/sdk-client.js';
import { goTo, untilLive, useDashboard } from './fixture.js';

const dashboard = useDashboard();

const build = new URL('../../dist/dashboard/', import.meta.url);

const codeOf = (name: string) => readFileSync(new URL(`assets/${name}`, build), 'utf8');

/** The scripts with all that they import before they run. */
function withImports(names: readonly string[], known = new Set<string>()): Set<string> {
  for (const name of names) {
    if (known.has(name)) continue;
    known.add(name);
    const imports = codeOf(name).matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g);
    withImports(
      [...imports].map(([, imported]) => imported!),
      known,
    );
  }
  return known;
}

describe('the page of the dashboard', () => {
  it('loads at most 90 KB of compressed script at its start', () => {
    const page = readFileSync(new URL('index.html', build), 'utf8');
    const start = [...page.matchAll(/src="\.\/assets\/([^"]+\.js)"/g)].map(([, name]) => name!);
    const view = /needs-you-[\w-]+\.js/.exec(codeOf(start[0]!))![0];
    const scripts = [...withImports([...start, view])];
    expect(scripts.length).toBeGreaterThan(3);
    const sizes = scripts.map((name) => gzipSync(codeOf(name)).length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(90_000);
  });

  it('is served without inline scripts, and its files with hashes for a year', async () => {
    const { url } = dashboard.server;
    const headers = { accept: 'text/html' };
    const answer = await fetch(`${url}/tasks/TASK-1`, { headers });
    const html = await answer.text();
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-security-policy')).not.toContain('unsafe');
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
    const [, asset] = /src="\.\/(assets\/[^"]+)"/.exec(html)!;
    const script = await fetch(`${url}/${asset}`, { headers: { 'accept-encoding': 'gzip' } });
    expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(script.headers.get('content-encoding')).toBe('gzip');
    const again = await fetch(`${url}/`, {
      headers: { ...headers, 'if-none-match': answer.headers.get('etag')! },
    });
    expect(again.status).toBe(304);
    expect((await fetch(`${url}/assets/none.js`)).status).toBe(404);
  });
});

describe('signing in', () => {
  it('takes a key, shows why another one is refused, and lets GraphiQL use the same key', async () => {
    const { page, faults } = await dashboard.open('/board', { key: null });
    await page.getByLabel('API key').fill('mc_wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect.poll(() => page.getByRole('alert').textContent()).toContain('not valid');
    await page.getByLabel('API key').fill(dashboard.server.adminKey);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Board' }).waitFor();
    expect(page.url()).not.toContain('mc_');
    await page.goto(`${dashboard.server.url}/graphql`);
    await page.locator('.graphiql-container').first().waitFor();
    expect(await page.getByLabel('API key').count()).toBe(0);
    expect(faults.filter((fault) => !fault.includes('blob:'))).toEqual([]);
  });

  it('takes a link once, keeps its code out of the address, and refuses it the second time', async () => {
    const { url } = await dashboard.admin.createSignInLink();
    const link = url.slice(dashboard.server.url.length);
    const first = await dashboard.open(link, { key: null });
    await first.page.getByRole('heading', { name: 'Needs you', exact: true }).waitFor();
    expect(first.page.url()).not.toContain('sign-in');
    expect(await first.page.evaluate("sessionStorage.getItem('mission-control.key')")).toMatch(/^mcs_/);
    await untilLive(first.page);
    const second = await dashboard.open(link, { key: null });
    await expect.poll(() => second.page.getByRole('alert').textContent()).toContain('was used before');
  });

  it('ends when the key is revoked, also that of a link', async () => {
    const { apiKey, secret } = await dashboard.admin.createApiKey({ name: 'visitor', role: 'VIEWER' });
    const { page } = await dashboard.open('/board', { key: secret });
    await untilLive(page);
    expect(await page.getByText('visitor (viewer)').count()).toBe(1);
    await dashboard.admin.revokeApiKey({ id: apiKey.id });
    await expect.poll(() => page.getByRole('alert').textContent()).toContain('revoked');
  });
});

describe('the views', () => {
  it('show the whole cycle of a task live, without a reload', async () => {
    const { admin } = dashboard;
    const scout = await sdkAgent(dashboard.server, 'scout');
    const { page, faults } = await dashboard.open('/board');
    await untilLive(page);
    const column = (name: string) => page.getByRole('region', { name, exact: true });
    const { task } = await admin.createTask({ title: 'Seen live', assignee: { name: 'scout' } });
    await column('Assigned').getByText('Seen live').waitFor();
    const { run } = await scout.claimNextTask();
    await column('In progress').getByText('Seen live').waitFor();
    await scout.completeTask({ runId: run!.id, resolution: 'Here it is' });
    await column('Review').getByText('Seen live').waitFor();
    await page.getByRole('link', { name: /Seen live/ }).click();
    await page.getByText('Here it is').waitFor();
    await admin.submitVerdict({ task: { id: task.id }, verdict: 'REJECTED', feedback: 'Add **tests**.' });
    await page.getByText('Add tests.').first().waitFor();
    const again = await scout.claimNextTask();
    await scout.completeTask({ runId: again.run!.id, resolution: 'With tests' });
    await page.getByText('With tests').waitFor();
    await admin.submitVerdict({ task: { id: task.id }, verdict: 'APPROVED' });
    await page.locator('.facts').getByText('Done').waitFor();
    expect(faults).toEqual([]);
  });

  it('show a question of an agent where it can be answered, and the work going on', async () => {
    const { admin } = dashboard;
    const asker = await sdkAgent(dashboard.server, 'asker');
    const { task } = await admin.createTask({ title: 'Needs an answer', assignee: { name: 'asker' } });
    const { run } = await asker.claimNextTask();
    const { page, faults } = await dashboard.open('/');
    await untilLive(page);
    const options = [
      { key: 'pg', label: 'PostgreSQL' },
      { key: 'lite', label: 'SQLite' },
    ];
    await asker.askQuestion({ runId: run!.id, text: 'Which **database**?', kind: 'CHOICE', options });
    await page.getByText('Which database?').waitFor();
    await expect.poll(() => page.title()).toMatch(/^\(\d+\) Needs you/);
    await page.goto(`${dashboard.server.url}/board`);
    await page.getByRole('region', { name: 'Needs input' }).getByText('Needs an answer').waitFor();
    await page.goto(`${dashboard.server.url}/tasks/${task.ref}`);
    await page.getByRole('button', { name: 'PostgreSQL' }).click();
    await page.getByText('Question answered').waitFor();
    await expect.poll(() => page.getByRole('region', { name: 'Questions' }).count()).toBe(0);
    expect((await admin.task({ ref: { id: task.id } }))!.status).toBe('ASSIGNED');
    expect(faults).toEqual([]);
  });

  it('approve and reject work by keyboard', async () => {
    const { admin } = dashboard;
    const judge = await sdkAgent(dashboard.server, 'worker', { capacity: 2 });
    const titles = ['To be approved', 'To be rejected'];
    for (const title of titles) {
      await admin.createTask({ title, assignee: { name: 'worker' }, description: `The text of: ${title}` });
      const { run } = await judge.claimNextTask();
      await judge.completeTask({ runId: run!.id, resolution: `The result of: ${title}` });
    }
    const { page } = await dashboard.open('/reviews');
    await page.getByText('The result of: To be approved').waitFor();
    await page.keyboard.press('a');
    await page.getByText('The result of: To be rejected').waitFor();
    await page.keyboard.press('r');
    await page.keyboard.type('Not what was asked.');
    await page.keyboard.press('Control+Enter');
    await page.getByText('No work waits for a verdict').waitFor();
    const { nodes } = await admin.tasks({ filter: { assignee: [{ name: 'worker' }] } });
    const [approved, rejected] = nodes.toSorted((one, other) => one.title.localeCompare(other.title));
    // The page shows a verdict before the server has it.
    await expect.poll(async () => (await admin.task({ ref: { id: rejected!.id } }))!.status).toBe('ASSIGNED');
    expect(await admin.task({ ref: { id: approved!.id } })).toMatchObject({ status: 'DONE' });
    const [verdict] = (await admin.task({ ref: { id: rejected!.id } }))!.reviews.nodes;
    expect(verdict).toMatchObject({ verdict: 'REJECTED', feedback: 'Not what was asked.' });
  });
});

describe('an operator who has only the page', () => {
  it('creates, assigns, answers, approves, rejects, retries and pauses, and finds out why work failed', async () => {
    const { server } = dashboard;
    const ada = await sdkAgent(server, 'ada', { capacity: 2 });
    const { page, faults } = await dashboard.open('/');
    await untilLive(page);
    const create = async (title: string) => {
      await page.getByRole('link', { name: 'New task' }).click();
      await page.getByLabel('Title').fill(title);
      await page.getByLabel('Title').press('Control+Enter');
      await page.waitForURL(/\/tasks\/TASK-\d+$/);
      await page.getByRole('button', { name: 'Assign to' }).click();
      await page.getByRole('dialog').getByLabel('Assign to').fill('ada');
      await page.keyboard.press('Enter');
      await page.locator('.facts').getByText('Assigned').waitFor();
    };
    const go = async (key: string, heading: string) => {
      await page.keyboard.press('g');
      await page.keyboard.press(key);
      await page.getByRole('heading', { name: heading, exact: true }).waitFor();
    };
    await create('Choose a port');
    const first = (await ada.claimNextTask({ waitSeconds: 20 })).run!;
    await ada.askQuestion({ runId: first.id, text: 'Which port?', kind: 'CONFIRM' });
    await go('h', 'Needs you');
    const row = (text: string) => page.locator('.needs li', { hasText: text });
    await row('Which port?').getByRole('button', { name: 'Yes' }).click();
    const second = (await ada.claimNextTask({ waitSeconds: 20 })).run!;
    await ada.completeTask({ runId: second.id, resolution: 'Port 80' });
    await go('r', 'Reviews');
    await page.getByText('Port 80').waitFor();
    await page.keyboard.press('r');
    await page.keyboard.type('Not below 1024.');
    await page.keyboard.press('Control+Enter');
    const third = (await ada.claimNextTask({ waitSeconds: 20 })).run!;
    await ada.completeTask({ runId: third.id, resolution: 'Port 8080' });
    await page.getByText('Port 8080').waitFor();
    await page.keyboard.press('a');
    await page.getByText('No work waits for a verdict').waitFor();
    await create('Open the port');
    const fourth = (await ada.claimNextTask({ waitSeconds: 20 })).run!;
    await ada.failTask({ runId: fourth.id, error: 'the firewall refuses', retry: false });
    await go('h', 'Needs you');
    await row('the firewall refuses').getByRole('link').first().click();
    await page.getByRole('button', { name: 'Failures' }).click();
    await page.locator('.timeline').getByText('the firewall refuses').first().waitFor();
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.locator('.facts').getByText('Assigned').waitFor();
    await page.locator('.facts').getByRole('link', { name: 'ada' }).click();
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByRole('button', { name: 'Resume', exact: true }).waitFor();
    expect((await ada.claimNextTask()).reason).toBe('AGENT_PAUSED');
    await go('h', 'Needs you');
    await row('Open the port').getByText('ada').first().waitFor();
    expect(faults).toEqual([]);
  });
});

describe('behind a proxy with a path prefix', () => {
  it('uses the prefix for its files, its links, its addresses and its socket', async () => {
    const server = await dashboard.another({ MC_BASE_PATH: '/fleet' });
    const { page, faults } = await dashboard.open('/fleet/', { server });
    await page.getByRole('heading', { name: 'Needs you', exact: true }).waitFor();
    await untilLive(page);
    await page.getByRole('link', { name: 'Agents' }).click();
    await page.waitForURL(/\/fleet\/agents$/);
    await page.keyboard.press('g');
    await page.keyboard.press('n');
    await page.getByLabel('Title').fill('Behind a proxy');
    await page.getByRole('button', { name: 'Create the task' }).click();
    await page.waitForURL(/\/fleet\/tasks\/TASK-\d+$/);
    await page.reload();
    await page.getByRole('heading', { name: 'Behind a proxy' }).waitFor();
    await page.goto(`${new URL(server.url).origin}/fleet/graphql`);
    await page.locator('.graphiql-container').first().waitFor();
    expect(faults.filter((fault) => !fault.includes('blob:'))).toEqual([]);
  });
});

describe('going back', () => {
  it('comes back to where it was scrolled, in a column and in the list', async () => {
    const inputs = Array.from({ length: 100 }, (_, i) => ({ title: `Deep ${i}`, tags: ['deep'] }));
    await dashboard.admin.createTasks(inputs);
    const { page } = await dashboard.open('/board?tag=deep');
    for (const view of ['', '&view=list']) {
      await goTo(page, `/board?tag=deep${view}`);
      const link = page.getByRole('link', { name: /Deep 89/ });
      const list = page.locator('.window').first();
      await expect
        .poll(async () => {
          await list.evaluate((box) => box.scrollBy(0, 2_000));
          return link.count();
        })
        .toBe(1);
      const placeOf = () => list.evaluate((box) => box.scrollTop);
      // A click would scroll to it as well.
      await link.scrollIntoViewIfNeeded();
      const place = await placeOf();
      await link.click();
      await page.locator('.timeline').waitFor();
      await page.goBack();
      await link.waitFor();
      await expect.poll(placeOf).toBe(place);
    }

    // A narrow page scrolls the columns sideways, a phone scrolls them as a whole.
    for (const [width, side] of [
      [760, 'scrollLeft'],
      [390, 'scrollTop'],
    ] as const) {
      await page.setViewportSize({ width, height: 700 });
      await goTo(page, '/board?tag=deep&status=inbox,assigned,in_progress,review,done,failed');
      const columns = page.locator('.board');
      await page.locator('.card').first().waitFor();
      const unread = page.locator('.column:not(:has(.card)):not(:has(.column-empty))');
      await expect.poll(() => unread.count()).toBe(0);
      const placeOf = () => columns.evaluate((box, name) => box[name], side);
      await columns.evaluate((box, name) => Object.assign(box, { [name]: 200 }), side);
      await goTo(page, '/agents');
      await page.getByLabel('Search agents').waitFor();
      await page.goBack();
      await expect.poll(placeOf).toBe(200);
    }
  });
});
