import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawFrame } from '../../src/cli/top/frame.js';
import { emptyState } from '../../src/cli/top/state.js';
import type { Client, TaskFieldsFragment } from '../../src/sdk/index.js';
import type { Look } from '../../src/verbs/looks/look.js';
import { createMc, type Mc, mcPath } from '../support/cli/mc.js';
import { hasTerminal, openTerminal } from '../support/cli/terminal.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { sdkClient } from '../support/servers/sdk-client.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';

const ESCAPE = '\u001b';

let database: TestDatabase;
let server: ServerProcess;
let mc: Mc;
let admin: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startServer({ databaseUrl: database.url });
  mc = await createMc(server);
  admin = sdkClient(server);
  await admin.registerAgent({ name: 'scout', acceptsInbox: false });
});

afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

const create = async (title: string) => (await admin.createTask({ title, priority: 'HIGH' })).task;

/** A task that waits for a verdict. */
async function inReview(title: string): Promise<string> {
  const { task } = await admin.createTask({ title, assignee: { name: 'scout' } });
  const { run } = await admin.claimNextTask({ agent: { name: 'scout' } });
  await admin.completeTask({ runId: run?.id ?? '', resolution: 'done' });
  return task.ref;
}

describe('a task in mc top', () => {
  it('has its long lines cut between words, and a word only if it takes more than half a line', () => {
    const lines = [`${'words of a text '.repeat(3)}end`, 'x'.repeat(45)];
    const task = { id: 'task_1', ref: 'TASK-1' } as TaskFieldsFragment;
    const state = { ...emptyState, mode: { kind: 'task', task, lines } as const };
    const look = { nowMs: 0, paint: (_tone: string, text: string) => text } as Look;
    expect(drawFrame(state, look, { columns: 40, rows: 9 }).slice(1, 5)).toEqual([
      'words of a text words of a text words',
      'of a text end',
      'x'.repeat(39),
      'x'.repeat(6),
    ]);
  });
});

describe.runIf(hasTerminal)('in a terminal', () => {
  it('a list is a coloured table that fits the width', async () => {
    const { ref } = await create('A title that is much longer than a terminal of sixty columns can show');
    const terminal = openTerminal(mc, ['task', 'list', '--search', ref], { columns: 60 });
    expect(await terminal.ended).toBe(0);
    expect(terminal.raw()).toContain(`${ESCAPE}[1m${ref}${ESCAPE}[0m`);
    const lines = terminal.text().split('\n');
    expect(lines.find((line) => line.startsWith(ref))).toMatch(/…$/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
  });

  it.each([
    { how: 'NO_COLOR', args: [], env: { NO_COLOR: '1' } },
    { how: '--no-color', args: ['--no-color'], env: {} },
    { how: 'TERM=dumb', args: [], env: { TERM: 'dumb' } },
  ])('$how turns the colours off', async ({ args, env }) => {
    const terminal = openTerminal(mc, ['task', 'list', ...args], { env });
    expect(await terminal.ended).toBe(0);
    expect(terminal.raw()).not.toContain(ESCAPE);
  });

  it('an object is JSON with --json, in lines that a person can read', async () => {
    const terminal = openTerminal(mc, ['whoami', '--json']);
    await terminal.ended;
    expect(terminal.text()).toContain('{\n  "role": "ADMIN"');
  });

  it('login asks for the key and does not show it', async () => {
    const other = await createMc();
    const terminal = openTerminal(other, ['login', '--url', server.url]);
    await terminal.until(/API key: /);
    terminal.type(`${server.adminKey}\r`);
    expect(await terminal.ended).toBe(0);
    expect(terminal.text()).toContain('✓ admin at');
    expect(terminal.raw()).not.toContain(server.adminKey);
  });

  it('a long text that was left out comes from the editor', async () => {
    const ref = await inReview('Needs feedback');
    const editor = join(mc.folder, 'editor.sh');
    await writeFile(editor, '#!/bin/sh\necho "Please fix the margin." > "$1"\n');
    await chmod(editor, 0o755);
    const terminal = openTerminal(mc, ['review', 'reject', ref], { env: { EDITOR: editor } });
    expect(await terminal.ended).toBe(0);
    const task = await admin.task({ ref: { ref } });
    expect(task?.reviews.nodes.at(-1)).toMatchObject({ feedback: 'Please fix the margin.' });
    await admin.cancelTask({ task: { ref } });
  });
});

describe.runIf(hasTerminal)('mc top', () => {
  it('shows what changes, opens, approves and pauses, and leaves the terminal as it was', async () => {
    const ref = await inReview('Judge me');
    const shell = [
      'sh',
      '-c',
      'stty -a | grep -c " echo " ; "$@"; echo "left with $?"; stty -a | grep -c " echo "',
      'sh',
    ];
    const terminal = openTerminal(mc, ['top'], { program: [...shell, process.execPath, mcPath] });
    await terminal.until(/NEEDS YOU 1/);
    await terminal.until(/LAST EVENTS/);
    const fresh = await create('Appears by itself');
    await terminal.until(new RegExp(`${fresh.ref} .*Appears by itself`));
    terminal.type('p');
    await terminal.until(/✓ scout paused/);
    terminal.type('\r');
    await terminal.until(/next: done/);
    terminal.type('a');
    await terminal.until(new RegExp(`✓ ${ref} approved`));
    expect(await admin.task({ ref: { ref } })).toMatchObject({ status: 'DONE' });
    terminal.type(`${ESCAPE}`);
    await terminal.until(/↑↓ select/);
    terminal.type('q');
    await terminal.until(/left with 0\n1/);
    expect(terminal.raw()).toContain(`${ESCAPE}[?25h${ESCAPE}[?1049l`);
    await terminal.ended;
    await admin.resumeAgent({ agent: { name: 'scout' } });
  });

  it('rejects with the feedback that is typed, filters, and draws again in another size', async () => {
    const ref = await inReview('Reject me');
    const terminal = openTerminal(mc, ['top']);
    await terminal.until(/NEEDS YOU 1/);
    terminal.type('/no such task\r');
    await terminal.until(/filter: no such task/);
    terminal.type(`/${'\u007f'.repeat(12)}\r`);
    terminal.type('r');
    await terminal.until(/feedback: /);
    terminal.type('Too wide\r');
    await terminal.until(new RegExp(`✓ ${ref} rejected`));
    expect((await admin.task({ ref: { ref } }))?.reviews.nodes.at(-1)).toMatchObject({
      feedback: 'Too wide',
    });
    terminal.clear();
    terminal.resize(50, 12);
    await terminal.until(/LAST EVENTS/);
    const rows = terminal.raw().match(/\[\d+;1H/g) ?? [];
    expect(Math.max(...rows.map((row) => Number.parseInt(row.slice(1), 10)))).toBeLessThanOrEqual(12);
    terminal.type('\u0003');
    expect(await terminal.ended).toBe(0);
    await admin.cancelTask({ task: { ref } });
  });

  it('rejects no other task when the one for which feedback is typed leaves the list', async () => {
    const [judged, other] = [await inReview('Judged by another'), await inReview('Not meant')];
    const terminal = openTerminal(mc, ['top']);
    await terminal.until(/NEEDS YOU 2/);
    terminal.type('r');
    await terminal.until(/feedback: /);
    await admin.submitVerdict({ task: { ref: judged }, verdict: 'APPROVED' });
    await terminal.until(/NEEDS YOU 1/);
    terminal.type('Too wide\r');
    await terminal.until(/already ended|Cannot judge/);
    terminal.type('q');
    expect(await terminal.ended).toBe(0);
    expect(await admin.task({ ref: { ref: other } })).toMatchObject({ status: 'REVIEW' });
    await admin.cancelTask({ task: { ref: other } });
  });

  it('counts every task that waits, also those that it does not list', async () => {
    const titles = Array.from({ length: 55 }, (_, index) => ({ title: `Wait ${index}` }));
    const { tasks } = await admin.createTasks(titles);
    const terminal = openTerminal(mc, ['top']);
    const { taskCounts } = await admin.overview({});
    const counts = taskCounts.filter(({ status }) => status === 'INBOX' || status === 'ASSIGNED');
    const waiting = counts.reduce((sum, { count }) => sum + count, 0);
    await terminal.until(new RegExp(`WAITING ${waiting}\\b`));
    terminal.type('q');
    expect(await terminal.ended).toBe(0);
    for (const { id } of tasks) await admin.cancelTask({ task: { id } });
  });

  it('filters on the server, by words of any text and by agent, also what is far down the queue', async () => {
    const { tasks } = await admin.createTasks([
      ...Array.from({ length: 55 }, (_, index) => ({ title: `Before ${index}`, priority: 'HIGH' as const })),
      { title: 'Deep down', description: 'Mentions a wombat.', priority: 'LOW' as const },
      { title: 'Of an agent', assignee: { name: 'scout' }, priority: 'LOW' as const },
    ]);
    const terminal = openTerminal(mc, ['top']);
    await terminal.until(/Before 0/);
    terminal.type('/wombat\r');
    await terminal.until(/WAITING 1\b/);
    await terminal.until(/▶ .*Deep down/);
    terminal.type(`/${'\u007f'.repeat(6)}scou\r`);
    await terminal.until(/▶ .*scout .*Of an agent/);
    terminal.type(`/${'\u007f'.repeat(4)}before\r`);
    await terminal.until(/WAITING 50 or more/);
    terminal.type('q');
    expect(await terminal.ended).toBe(0);
    for (const { id } of tasks) await admin.cancelTask({ task: { id } });
  });

  it('answers the question of the selected task', async () => {
    const { task } = await admin.createTask({ title: 'Ask me', assignee: { name: 'scout' } });
    const { run } = await admin.claimNextTask({ agent: { name: 'scout' } });
    const options = [
      { key: 'pg', label: 'PostgreSQL' },
      { key: 'lite', label: 'SQLite' },
    ];
    const asked = { runId: run?.id ?? '', text: 'Which database?', kind: 'CHOICE' as const, options };
    const { question } = await admin.askQuestion(asked);
    const terminal = openTerminal(mc, ['top']);
    await terminal.until(/NEEDS YOU 1/);
    terminal.type('s');
    await terminal.until(/Which database\? \(pg\/lite\)/);
    terminal.type('sqlite\r');
    await terminal.until(new RegExp(`✓ ${task.ref} answered`));
    expect((await admin.question({ id: question.id }))?.answer?.choices).toEqual(['lite']);
    terminal.type('q');
    expect(await terminal.ended).toBe(0);
    await admin.cancelTask({ task: { ref: task.ref } });
  });

  it('leaves the terminal as it was when it is terminated or the key does not work', async () => {
    const env = { MC_API_KEY: 'mc_unknown_key_0123456789' };
    const refused = openTerminal(mc, ['top'], { env });
    expect(await refused.ended).toBe(3);
    expect(refused.raw()).toContain(`${ESCAPE}[?1049l`);
    expect(refused.text()).toContain('mc login');
  });
});
