import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { sdkAgent } from '../support/servers/sdk-client.js';
import { goTo, untilLive, useDashboard } from './fixture.js';

const dashboard = useDashboard();

/** A task that was delivered, with a description and a result. */
async function deliver(title: string, texts: { description?: string; resolution?: string } = {}) {
  const { admin, server } = dashboard;
  const name = `agent-of-${title.replaceAll(/\W+/g, '-').slice(0, 40).toLowerCase()}`;
  const agent = await sdkAgent(server, name);
  const { task } = await admin.createTask({
    title,
    assignee: { name },
    description: texts.description ?? 'Do it.',
  });
  const { run } = await agent.claimNextTask();
  await agent.completeTask({ runId: run!.id, resolution: texts.resolution ?? 'Done.' });
  return task;
}

describe('texts of others', () => {
  it('do nothing but show, whatever they contain', async () => {
    const evil = [
      '<img src=x onerror="document.title=1"> <script>document.title=2</script>',
      '[click](javascript:document.title=3) ![picture](http://evil.example/pixel.png)',
      '<a href="http://evil.example">link</a> [ok](https://example.org)',
      '\u202Eesrever\u202C <b>bold</b> **strong**',
      'x'.repeat(99_000),
    ].join('\n\n');
    const title = `<img src=x onerror="document.title=5"> \u202Etxt ${'long '.repeat(20)}`;
    const task = await deliver(title, { description: evil, resolution: evil });
    await dashboard.admin.addComment({ task: { id: task.id }, body: evil.slice(0, 40_000) });
    const { page, faults } = await dashboard.open(`/tasks/${task.ref}`);
    await page.getByText('strong').first().waitFor();
    await page.locator('.line-words').first().waitFor();
    expect(await page.locator('main img, main script, main b, main iframe').count()).toBe(0);
    const links = await page
      .locator('.markdown a')
      .evaluateAll((all) => all.map((a) => a.getAttribute('href')));
    expect(new Set(links.map((href) => new URL(href!).protocol))).toEqual(new Set(['https:', 'http:']));
    expect(await page.title()).toContain(task.ref);
    const wide = await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth');
    expect(wide).toBe(true);
    for (const path of ['/board', '/reviews', '/']) {
      await page.goto(dashboard.server.url + path);
      await page.getByText('onerror').first().waitFor();
    }
    expect(faults).toEqual([]);
  });
});

describe('roles', () => {
  it('shows a viewer no button that it may not use, and an agent its own work only', async () => {
    const { admin } = dashboard;
    const task = await deliver('Seen by others');
    const { secret } = await admin.createApiKey({ name: 'reader', role: 'VIEWER' });
    const reader = await dashboard.open(`/tasks/${task.ref}`, { key: secret });
    await reader.page.getByText('Done.').waitFor();
    expect(await reader.page.locator('.tools button').allTextContents()).toEqual(['Copy']);
    expect(await reader.page.locator('.comment-box').count()).toBe(0);
    await reader.page.goto(`${dashboard.server.url}/reviews`);
    await reader.page.getByRole('heading', { name: 'Delivered' }).waitFor();
    expect(await reader.page.getByRole('button', { name: /Approve|Reject/ }).count()).toBe(0);
    const rail = (page: Page) => page.locator('.rail li').allTextContents();
    const found = async (page: Page, words: string) => {
      await page.keyboard.press('Control+k');
      await page.getByRole('dialog').getByRole('combobox').fill(words);
      await expect.poll(() => page.getByRole('option').count()).toBeGreaterThan(0);
      const options = await page.getByRole('option').allTextContents();
      await page.keyboard.press('Escape');
      return options.join();
    };
    expect((await rail(reader.page)).join()).toContain('Needs you');
    expect(await reader.page.getByRole('link', { name: 'New task' }).count()).toBe(0);
    expect(await found(reader.page, 'e')).not.toContain('Create a task');
    await reader.page.goto(dashboard.server.url);
    await reader.page.locator('.needs li').first().waitFor();
    expect(await reader.page.locator('.needs-buttons button:not(.needs-show)').count()).toBe(0);

    await admin.registerAgent({ name: 'stranger', acceptsInbox: false });
    const own = await admin.createApiKey({ name: 'own', role: 'AGENT', agent: { name: 'stranger' } });
    await admin.createTask({ title: 'Work of the stranger', assignee: { name: 'stranger' } });
    const agent = await dashboard.open('/', { key: own.secret });
    await agent.page.getByText('Work of the stranger').waitFor();
    expect(agent.page.url()).toMatch(/\/board$/);
    expect(await agent.page.getByText('Seen by others').count()).toBe(0);
    expect(await rail(agent.page)).toEqual(['Board', 'Agents', 'Events', 'Settings']);
    expect(await found(agent.page, 'work of')).toContain('Work of the stranger');
    expect(await found(agent.page, 'e')).not.toMatch(/Needs you|Reviews|Seen by others|Pause/);
    for (const path of ['/reviews', '/queue', '/schedules', '/pipelines']) {
      await goTo(agent.page, path);
      await agent.page.getByText('This view is for the people who run the fleet').waitFor();
    }
    await agent.page.goto(`${dashboard.server.url}/tasks/${task.ref}`);
    await agent.page.getByText(`There is no task ${task.ref}`).waitFor();
  });
});

describe('filters', () => {
  it('show what the server says, also for words of a description, a run and due dates, while tasks change', async () => {
    const { admin } = dashboard;
    const { page, faults } = await dashboard.open('/board?q=quokka%20sees');
    const card = (title: string) => page.locator('.card', { hasText: title });
    const { task } = await admin.createTask({ title: 'Has words', description: 'It sees a quokka.' });
    await card('Has words').waitFor();
    await page.reload();
    await card('Has words').waitFor();
    await admin.updateTask({ task: { id: task.id }, description: 'It sees a fox.' });
    await expect.poll(() => card('Has words').count()).toBe(0);

    await goTo(page, '/board?overdue=YES');
    const past = new Date(Date.now() - 60_000).toISOString();
    await admin.createTask({ title: 'In good time' });
    const late = await admin.createTask({ title: 'Due soon' });
    await admin.updateTask({ task: { id: late.task.id }, dueAt: past });
    await card('Due soon').waitFor();
    expect(await card('In good time').count()).toBe(0);

    const template = { title: 'Step of {{name}}' };
    await admin.createPipeline({ name: 'short', steps: [{ key: 'only', template }] });
    const start = async (name: string) =>
      (await admin.startPipeline({ name: 'short', variables: { name } })).pipelineRun!;
    const run = await start('this run');
    await goTo(page, `/board?pipeline=${run.id}`);
    await card('Step of this run').waitFor();
    await start('another run');
    const [own] = (await admin.tasks({ filter: { pipelineRunId: run.id } })).nodes;
    await admin.updateTask({ task: { id: own!.id }, title: 'Renamed step' });
    await card('Renamed step').waitFor();
    expect(await card('Step of another run').count()).toBe(0);
    expect(faults).toEqual([]);
  });

  it('show what becomes overdue or starts to wait while nothing happens', async () => {
    const { admin } = dashboard;
    const soon = () => new Date(Date.now() + 1_500).toISOString();
    const { page, faults } = await dashboard.open('/board?overdue=yes&tag=alone');
    await untilLive(page);
    await page.getByText('None.').first().waitFor();
    await admin.createTask({ title: 'Becomes late', tags: ['alone'], dueAt: soon() });
    await page.locator('.card', { hasText: 'Becomes late' }).waitFor();
    await expect
      .poll(() => page.getByRole('region', { name: 'inbox' }).locator('h2').textContent())
      .toBe('○Inbox1');

    await admin.registerAgent({ name: 'paused-later' });
    const assignee = { name: 'paused-later' };
    await admin.createTask({ title: 'Waits for its agent', tags: ['alone'], assignee });
    await goTo(page, '/board?waiting=assignee_paused&tag=alone');
    await page.getByText('None.').first().waitFor();
    await admin.pauseAgent({ agent: assignee });
    await page.locator('.card', { hasText: 'Waits for its agent' }).waitFor();
    await admin.resumeAgent({ agent: assignee });
    await expect.poll(() => page.locator('.card').count()).toBe(0);

    // Without a filter, what a card says changes as well.
    await goTo(page, '/board?tag=alone');
    const wait = (title: string) => page.locator('.card', { hasText: title }).locator('.card-wait');
    await admin.createTask({ title: 'Starts', tags: ['alone'], startsAt: soon() });
    await expect.poll(() => wait('Starts').textContent()).toBe('starts later');
    await admin.pauseAgent({ agent: assignee });
    await expect.poll(() => wait('Waits for its agent').textContent()).toBe('agent paused');
    await expect.poll(() => wait('Starts').textContent()).not.toBe('starts later');
    expect(faults).toEqual([]);
  });

  it('are read from the address as a person types them', async () => {
    const { admin } = dashboard;
    const { task: first } = await admin.createTask({ title: 'First' });
    const dependsOn = [{ id: first.id }];
    await admin.createTask({ title: 'Typed by hand', tags: ['typed'], priority: 'HIGH', dependsOn });
    const { page } = await dashboard.open('/board?tag=typed&priority=high&waiting=dependencies&status=inbox');
    await page.locator('.card', { hasText: 'Typed by hand' }).waitFor();
    expect(await page.locator('.column').count()).toBe(1);
  });

  it('that the board does not know are named in a sentence, and the others work', async () => {
    const { admin } = dashboard;
    await admin.createTask({ title: 'Shown all the same', tags: ['half-known'], priority: 'HIGH' });
    const { page, faults } = await dashboard.open(
      '/board?tag=half-known&status=foo,in%20box,inbox&priority=urgent&waiting=nobody&overdue=perhaps&view=list&sort=colour',
    );
    await page.locator('.task-row', { hasText: 'Shown all the same' }).waitFor();
    const sentences = page.locator('.unknown-values');
    await expect
      .poll(() => sentences.textContent())
      .toContain('There is no priority “urgent”, only critical, high, medium and low.');
    const text = (await sentences.textContent())!;
    expect(text).toContain('There are no statuses “foo” and “in box”, only inbox, assigned,');
    expect(text).toContain('There is no reason to wait “nobody”, only');
    expect(text).toContain('There is no value of overdue “perhaps”, only yes.');
    expect(text).toContain('There is no order “colour”, only');
    expect(await page.locator('.problem').count()).toBe(0);
    expect(await page.locator('.chip-button').allTextContents()).toEqual(['tag: half-known ×']);
    await page.getByRole('button', { name: 'Remove from the address' }).click();
    await page.waitForURL(/\?tag=half-known&status=inbox&view=list$/);
    await page.locator('.task-row', { hasText: 'Shown all the same' }).waitFor();
    expect(await sentences.count()).toBe(0);
    expect(faults).toEqual([]);
  });

  it('keep what is typed, and stay out of the addresses of other views', async () => {
    const { page } = await dashboard.open('/agents', { clock: true });
    const search = page.getByLabel('Search agents');
    await search.pressSequentially('senior ');
    await page.clock.fastForward(1_000);
    await page.waitForURL(/q=senior$/);
    await search.pressSequentially('writer');
    expect(await search.inputValue()).toBe('senior writer');
    await page.clock.fastForward(1_000);
    await page.waitForURL(/q=senior\+writer$/);
    await goTo(page, '/board');
    await page.getByLabel('Filter tasks').fill('not finished');
    await page.keyboard.press('Escape');
    await goTo(page, '/agents');
    await page.clock.fastForward(1_000);
    expect(await search.inputValue()).toBe('');
    expect(page.url()).toMatch(/\/agents$/);
  });
});

describe('a refused change', () => {
  it('is taken back, with the reason of the server', async () => {
    const { admin } = dashboard;
    await sdkAgent(dashboard.server, 'taker');
    const { task } = await admin.createTask({ title: 'Moves away', assignee: { name: 'taker' } });
    const { page } = await dashboard.open('/board');
    const card = page.locator('.card', { hasText: 'Moves away' });
    await card.waitFor();
    const refusal = { code: 'FORBIDDEN', message: 'Not on a Sunday.', path: null };
    await page.route('**/graphql', (route) =>
      route.request().postData()?.includes('CancelTask')
        ? route.fulfill({ json: { data: { cancelTask: { task: null, errors: [refusal] } } } })
        : route.continue(),
    );
    await card.focus();
    await page.keyboard.press('m');
    await page.getByRole('menuitem', { name: 'Cancel' }).click();
    expect((await admin.task({ ref: { id: task.id } }))!.status).toBe('ASSIGNED');
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the task' }).click();
    await page.getByText('Not on a Sunday.').waitFor();
    await card.waitFor();
    expect((await admin.task({ ref: { id: task.id } }))!.status).toBe('ASSIGNED');
    await page.unroute('**/graphql');
    await page.getByRole('link', { name: /Moves away/ }).focus();
    await page.keyboard.press('m');
    await page.getByRole('menuitem', { name: 'Cancel' }).click();
    await page.getByLabel('Reason (may be left out)').fill('Asked for twice');
    await page.keyboard.press('Enter');
    await expect.poll(async () => (await admin.task({ ref: { id: task.id } }))!.status).toBe('CANCELLED');
    const { nodes } = await admin.lastEvents({ last: 5, filter: { task: { id: task.id } } });
    expect(nodes.find(({ type }) => type === 'task.cancelled')).toMatchObject({ reason: 'Asked for twice' });
    await expect.poll(() => card.count()).toBe(0);
  });
});

describe('a server that dies', () => {
  it('leaves the page with what the log says, after 500 events during the outage and the restart', async () => {
    await dashboard.admin.registerAgent({ name: 'witness' });
    const { page } = await dashboard.open('/board?tag=outage', { clock: true });
    await untilLive(page);
    await dashboard.server.kill();
    const restarted = dashboard.restart();
    await expect.poll(() => page.locator('.connection').getAttribute('data-kind')).toBe('offline');
    // The clock of the page: it says so after five seconds, and its next attempt would be up to ten seconds away.
    await page.clock.fastForward(6_000);
    await expect.poll(() => page.locator('.stale').textContent()).toContain('does not answer');
    await page.keyboard.press('g');
    await page.keyboard.press('a');
    await page.getByRole('alert').first().waitFor();
    await restarted;
    await page.clock.fastForward(15_000);
    await page.getByText('witness').first().waitFor();
    await expect.poll(() => page.getByRole('alert').count()).toBe(0);
    await page.goBack();
    const { admin } = dashboard;
    for (let part = 0; part < 5; part += 1) {
      const inputs = Array.from({ length: 96 }, (_, index) => ({
        ...{ title: `Outage ${part}-${index}`, tags: ['outage'] },
        ...(index === 0 ? { priority: 'LOW' as const } : {}),
      }));
      await admin.createTasks(inputs);
    }
    await admin.cancelTasks({ filter: { tags: ['outage'], priority: ['LOW'] }, first: 20 });
    await page.clock.fastForward(15_000);
    await untilLive(page);
    const head = page.getByRole('region', { name: 'Inbox', exact: true }).locator('h2');
    await expect.poll(() => head.textContent()).toBe('○Inbox475');
    const cancelled = page.locator('.folded button', { hasText: 'Cancelled' });
    await expect.poll(() => cancelled.textContent()).toContain('5');
    expect(await page.locator('.stale').count()).toBe(0);
    expect(await page.locator('.card', { hasText: 'Outage 0-1' }).count()).toBeGreaterThan(0);
    expect(await page.locator('.card', { hasText: /Outage 0-0$/ }).count()).toBe(0);
  });
});
