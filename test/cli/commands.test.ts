import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createMc, type Mc } from '../support/cli/mc.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { runSql } from '../support/postgres/throw-away-postgres.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';
import { startReceiver } from '../support/servers/webhook-receiver.js';

let database: TestDatabase;
let server: ServerProcess;
let mc: Mc;

interface Task {
  readonly ref: string;
  readonly status: string;
  readonly title: string;
}

interface Claim {
  readonly reason: string;
  readonly task: Task | null;
  readonly run: { readonly id: string } | null;
}

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startServer({ databaseUrl: database.url, env: { MC_WEBHOOK_ALLOW_PRIVATE: 'on' } });
  mc = await createMc(server);
});

afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

/** Each group of tests works with an agent of its own, so that the order of the groups does not matter. */
async function anAgent(name: string): Promise<void> {
  await mc.json(['agent', 'register', name, '--no-accepts-inbox', '--max-capacity', '5']);
}

const aTask = (agent: string, title = 'A task') =>
  mc.json<Task>(['task', 'create', title, '--assignee', agent]);

describe('the guide from its first to its last line, in commands', () => {
  it('hands a task out, reviews it, sends it back and approves it', async () => {
    await anAgent('guide');
    const { ref } = await mc.json<Task>([
      ...['task', 'create', 'Fix login page CSS', '--description', 'The login button overlaps.'],
      ...['--priority', 'high', '--assignee', 'guide'],
    ]);
    const { run, task } = await mc.json<Claim>(['task', 'claim', '--agent', 'guide']);
    expect(task?.ref).toBe(ref);
    await mc.json(['task', 'progress', run?.id ?? '', 'Looking', '--percent', '10']);
    const reviewed = await mc.json<Task>(['task', 'complete', run?.id ?? '', '--resolution', 'Moved it.']);
    expect(reviewed.status).toBe('REVIEW');
    const waiting = await mc.json<Task[]>(['review', 'list']);
    expect(waiting.map((one) => one.ref)).toContain(ref);
    const rejected = await mc.json<Task>(['review', 'reject', ref, '--feedback', 'Still overlaps.']);
    expect(rejected.status).toBe('ASSIGNED');
    const again = await mc.json<Claim>(['task', 'claim', '--agent', 'guide']);
    await mc.json(['task', 'complete', again.run?.id ?? '', '--resolution', 'Now it fits.']);
    expect(await mc.json<Task>(['review', 'approve', ref])).toMatchObject({ ref, status: 'DONE' });
  });

  it("creates the guide's recurring task from its own JSON, and manages it by name", async () => {
    await anAgent('iris');
    const body = `{
      "name": "daily-standup-report",
      "schedule": "0 9 * * 1-5",
      "task_template": {
        "title": "Generate daily standup report",
        "description": "Summarize all completed tasks from the past 24 hours.",
        "priority": "medium",
        "assigned_to": "iris"
      }
    }`;
    const created = await mc.json(['cron', 'create', '--body', body]);
    expect(created).toMatchObject({
      name: 'daily-standup-report',
      cron: '0 9 * * 1-5',
      template: { priority: 'MEDIUM', assignee: { name: 'iris' } },
    });
    const cron = (verb: string) => mc.json(['cron', verb, 'daily-standup-report']);
    expect(await cron('pause')).toMatchObject({ paused: true });
    expect(await cron('resume')).toMatchObject({ paused: false });
    expect(await cron('fire')).toMatchObject({ task: { status: 'ASSIGNED' } });
    expect(await cron('history')).toMatchObject([{ byHand: true }]);
    const edited = ['cron', 'edit', 'daily-standup-report', '--priority', 'high'];
    expect(await mc.json(edited)).toMatchObject({
      template: { priority: 'HIGH', title: 'Generate daily standup report', assignee: { name: 'iris' } },
    });
    await cron('remove');
    expect(await mc.run(['cron', 'show', 'daily-standup-report'])).toMatchObject({ code: 1 });
  });

  it('saves a pipeline, starts it with variables and cancels it', async () => {
    const steps = [
      { key: 'build', template: { title: 'Build {{version}}' } },
      { key: 'test', dependsOn: ['build'], template: { title: 'Test {{version}}' } },
    ];
    const save = ['pipeline', 'save', 'release', '--body', '-'];
    expect(await mc.json(save, { stdin: JSON.stringify({ steps }) })).toMatchObject({ version: 1 });
    expect(await mc.json(save, { stdin: JSON.stringify({ steps: steps.slice(0, 1) }) })).toMatchObject({
      version: 2,
    });
    const run = await mc.json<{ id: string; tasks: Task[] }>([
      ...['pipeline', 'start', 'release', '--variables', 'version=1.2'],
    ]);
    expect(run.tasks.map(({ title }) => title)).toEqual(['Build 1.2']);
    expect(await mc.json(['pipeline', 'cancel', run.id])).toMatchObject({ status: 'CANCELLED' });
    expect(await mc.json(['pipeline', 'show', run.id, '--fields', 'status'])).toEqual({
      status: 'CANCELLED',
    });
  });

  it('lets several agents claim, give back, fail, retry and cancel', async () => {
    await anAgent('left');
    await anAgent('right');
    const { ref } = await aTask('left');
    await mc.json(['task', 'claim', '--agent', 'left']);
    const passed = await mc.json<Task>(['task', 'release', ref, '--pass', '--to', 'right']);
    expect(passed).toMatchObject({ status: 'ASSIGNED', assignee: { name: 'right' } });
    const { run } = await mc.json<Claim>(['task', 'claim', '--agent', 'right']);
    const failed = ['task', 'fail', run?.id ?? '', '--error', '-', '--no-retry'];
    expect(await mc.json(failed, { stdin: 'It is broken.\n' })).toMatchObject({ status: 'FAILED' });
    expect(await mc.json(['task', 'retry', ref])).toMatchObject({ status: 'ASSIGNED' });
    expect(await mc.json(['task', 'comment', ref, 'Not any more'])).toMatchObject({ body: 'Not any more' });
    expect(await mc.json(['task', 'cancel', ref])).toMatchObject({ status: 'CANCELLED' });
  });
});

describe('the commands of webhooks', () => {
  it('deliver events to an address, sign with a secret that is shown once, and list the attempts', async () => {
    const receiver = await startReceiver();
    onTestFinished(() => receiver.close());
    const created = await mc.run(['webhook', 'create', receiver.url, '--types', 'task.created', '--plain']);
    const [, id = '', secret = ''] = /(whk_\w+).*(whsec_\S+)/s.exec(created.stdout) ?? [];
    expect(created).toMatchObject({ code: 0, stdout: expect.stringContaining('shown only now') });
    expect(await mc.json(['webhook', 'ping', id])).toMatchObject({ status: 204, error: null });
    const { ref } = await mc.json<Task>(['task', 'create', 'Tell the receiver']);
    await receiver.has(2);
    const { text, headers, body } = receiver.received[1]!;
    expect(body).toMatchObject({ type: 'task.created', task: { ref } });
    new Webhook(secret).verify(text, headers as Record<string, string>);
    const deliveries = () => mc.json(['webhook', 'deliveries', id, '--fields', 'eventId,status']);
    await expect.poll(deliveries, { timeout: 20_000 }).toEqual([{ eventId: receiver.ids()[1], status: 204 }]);
    const shown = await mc.run(['webhook', 'show', id, '--plain']);
    expect(shown.stdout).toContain('sends types task.created');
    expect(shown.stdout).not.toContain(secret);
  });
});

describe('what is printed', () => {
  it('is JSON when piped, and a table with a count and a hint when asked for', async () => {
    await anAgent('printer');
    const { ref } = await aTask('printer', 'Print this');
    const list = ['task', 'list', '--assignee', 'printer'];
    expect(JSON.parse((await mc.run(list)).stdout)).toMatchObject([{ ref }]);
    const { stdout, stderr } = await mc.run([...list, '--plain']);
    expect(stdout.split('\n')[0]).toMatch(/^REF +STATUS +PRI +AGENT +AGE +TITLE$/);
    expect(stdout).toContain(`${ref} `);
    expect(stderr).toBe(`1 of 1 · mc task show ${ref}\n`);
  });

  it('is only the wanted fields', async () => {
    await anAgent('fields');
    const { ref } = await aTask('fields');
    const list = ['task', 'list', '--assignee', 'fields', '--fields', 'ref,assignee.name'];
    expect(await mc.json(list)).toEqual([{ ref, assignee: { name: 'fields' } }]);
    expect((await mc.run([...list, '--plain'])).stdout).toMatch(/^REF +ASSIGNEE.NAME\n\S+ +fields\n$/);
    const { code, stderr } = await mc.run(['task', 'show', ref, '--fields', 'colour']);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('no field "colour"') });
  });

  it('reads all pages with --all', async () => {
    await anAgent('pages');
    const tasks = Array.from({ length: 5 }, (_, index) => ({ title: `T${index}`, assignee: 'pages' }));
    await mc.json(['task', 'create-many', '--body', JSON.stringify({ tasks })]);
    const list = ['task', 'list', '--assignee', 'pages', '--limit', '2'];
    expect(await mc.json(list)).toHaveLength(2);
    expect(await mc.json([...list, '--all'])).toHaveLength(5);
    expect((await mc.run([...list, '--plain'])).stderr).toContain('the first 2 · all of them: --all');
  });

  it('contains no escape sequence of a title, and no colour when piped', async () => {
    await anAgent('careful');
    await aTask('careful', 'red \u001b[31m\u001b]0;title\u0007 text\u009b2J');
    const list = ['task', 'list', '--assignee', 'careful'];
    for (const args of [list, [...list, '--plain']]) {
      const { stdout } = await mc.run(args);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there.
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    }
  });

  it('takes long texts from a file, and values in any letter case', async () => {
    await writeFile(join(mc.folder, 'notes.md'), 'Line one\nLine two\n');
    const args = ['task', 'create', 'With notes', '--description', '@notes.md', '--priority', 'Critical'];
    expect(await mc.json([...args, '--tags', 'a,b', '--tags', 'c'])).toMatchObject({
      description: 'Line one\nLine two\n',
      priority: 'CRITICAL',
      tags: ['a', 'b', 'c'],
    });
  });

  it('shows requests with --verbose and never the key', async () => {
    const { stderr } = await mc.run(['whoami', '--verbose']);
    expect(stderr).toMatch(/^> POST \S+ query Viewer {}\n< 200 in \d+ ms\n$/);
    expect(stderr).not.toContain(server.adminKey);
  });
});

describe('a fault of the server', () => {
  it('ends with 6, and names the entry of the log that describes it', async () => {
    await runSql(database.url, 'ALTER TABLE pipelines RENAME TO pipelines_away');
    const [plain, json] = [
      await mc.run(['pipeline', 'list', '--plain']),
      await mc.run(['pipeline', 'list', '--json']),
    ];
    await runSql(database.url, 'ALTER TABLE pipelines_away RENAME TO pipelines');
    expect(plain).toMatchObject({ code: 6, stdout: '' });
    expect(plain.stderr).toMatch(
      /^✕ Internal server error\nThe log of the server says why. Look there for req_\w+\n$/,
    );
    const { requestId, exitCode } = JSON.parse(json.stderr).error;
    expect({ requestId, exitCode }).toEqual({ requestId: expect.stringMatching(/^req_/), exitCode: 6 });
  });
});

describe('the key of an agent', () => {
  it('is told to name its run when it hands in by the ref of its task', async () => {
    await anAgent('by-ref');
    const created = ['key', 'create', 'of by-ref', '--role', 'agent', '--agent', 'by-ref'];
    const { secret } = await mc.json<{ secret: string }>(created);
    const { ref } = await aTask('by-ref');
    const env = { MC_API_KEY: secret };
    await mc.run(['task', 'claim', '--model', 'opus', '--json'], { env });
    const refused = await mc.run(['task', 'complete', ref, '--resolution', 'x'], { env });
    expect(refused).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/^✕ .* names the run of its claim .*\n$/),
    });
    const [run] = await mc.json<{ id: string; model: string }[]>(['run', 'list', '--agent', 'by-ref']);
    expect(run?.model).toBe('opus');
    expect(await mc.run(['task', 'complete', run!.id, '--resolution', 'x'], { env })).toMatchObject({
      code: 0,
    });
  });
});
