import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Client } from '../../src/sdk/index.js';
import { createMc, type Mc, mcPath } from '../support/cli/mc.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { sdkClient } from '../support/servers/sdk-client.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';

let database: TestDatabase;
let server: ServerProcess;
let mc: Mc;
let admin: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startServer({ databaseUrl: database.url });
  mc = await createMc(server);
  admin = sdkClient(server);
});

afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

const watch = (...args: string[]) => mc.start(['events', 'watch', '--json', ...args]);
const create = async (title: string) => (await admin.createTask({ title })).task;

/** The events of a stream, without its notices. */
function eventsOf(stdout: string): { type: string; cursor: string; task?: { ref: string } }[] {
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
    .filter(({ type }) => !type.startsWith('stream.'));
}

describe('mc events watch', () => {
  it('prints one JSON object a line, of the wanted types alone', async () => {
    const watching = watch('--types', 'task,agent');
    await watching.until(/stream\.connected/);
    const { ref } = await create('Seen');
    await admin.registerAgent({ name: 'seen' });
    await watching.until(/agent\.created|agent\.registered/);
    watching.signal('SIGINT');
    expect(await watching.ended).toMatchObject({ code: 130 });
    const events = eventsOf(watching.stdout());
    expect(events[0]).toMatchObject({ type: 'task.created', task: { ref } });
    expect(events.every(({ type }) => /^(task|agent)\./.test(type))).toBe(true);
  });

  it('prints whole lines only when it is interrupted in the middle of many events', async () => {
    const watching = watch('--types', 'task.created');
    await watching.until(/stream\.connected/);
    const inputs = Array.from({ length: 100 }, (_, index) => ({ title: `Many ${index}` }));
    await Promise.all([admin.createTasks(inputs), admin.createTasks(inputs), watching.until(/Many 7/)]);
    watching.signal('SIGTERM');
    const { code, stdout } = await watching.ended;
    expect(code).toBe(130);
    expect(stdout.endsWith('\n')).toBe(true);
    expect(() => eventsOf(stdout)).not.toThrow();
  });

  it('loses nothing with --state when it is killed and started again', async () => {
    const state = ['--state', 'cursor', '--types', 'task.created'];
    const first = watch(...state);
    await first.until(/stream\.connected/);
    const seen = await create('Before the kill');
    await first.until(new RegExp(seen.ref));
    first.signal('SIGKILL');
    await first.ended;
    const missed = [await create('While it was dead'), await create('And another')];
    const second = watch(...state);
    await second.until(new RegExp(missed[1]?.ref ?? ''));
    second.signal('SIGINT');
    await second.ended;
    const refs = eventsOf(first.stdout() + second.stdout()).map(({ task }) => task?.ref);
    expect([...new Set(refs)]).toEqual([seen.ref, ...missed.map(({ ref }) => ref)]);
    const cursor = (await readFile(join(mc.folder, 'cursor'), 'utf8')).trim();
    expect(cursor).toBe(eventsOf(second.stdout()).at(-1)?.cursor);
  });

  it('keeps the cursor of the last event of a burst, so that a kill repeats no burst', async () => {
    const state = ['--state', 'burst', '--types', 'task.created'];
    const first = watch(...state);
    await first.until(/stream\.connected/);
    await admin.createTasks(Array.from({ length: 100 }, (_, index) => ({ title: `Burst ${index}.` })));
    await first.until(/Burst 99\./);
    const last = eventsOf(first.stdout()).at(-1)?.cursor;
    const kept = async () => expect((await readFile(join(mc.folder, 'burst'), 'utf8')).trim()).toBe(last);
    await vi.waitFor(kept, { timeout: 20_000, interval: 10 });
    first.signal('SIGKILL');
    await first.ended;
    const second = watch(...state);
    const { ref } = await create('After the burst');
    await second.until(new RegExp(ref));
    second.signal('SIGINT');
    await second.ended;
    expect(eventsOf(second.stdout()).map(({ task }) => task?.ref)).toEqual([ref]);
  });

  it('loses nothing when it was killed before the first event', async () => {
    const state = ['--state', 'early', '--types', 'task.created'];
    const first = watch(...state);
    await vi.waitFor(() => readFile(join(mc.folder, 'early'), 'utf8'), { timeout: 20_000, interval: 10 });
    first.signal('SIGKILL');
    await first.ended;
    const { ref } = await create('Before the second start');
    const second = watch(...state);
    await second.until(new RegExp(ref));
    second.signal('SIGINT');
    await second.ended;
  });

  it('ends with what to do when the state cannot be written, as on a full disk, and loses nothing', async () => {
    const state = ['events', 'watch', '--json', '--state', 'full', '--types', 'task.created'];
    const first = mc.start(state);
    await vi.waitFor(() => readFile(join(mc.folder, 'full'), 'utf8'), { timeout: 20_000, interval: 10 });
    first.signal('SIGINT');
    await first.ended;
    const { ref } = await create('On a full disk');
    // Writing to a file fails in this shell, and writing to a pipe does not.
    const shell = `trap '' XFSZ; ulimit -f 0; exec "$0" "$@"`;
    const args = ['-c', shell, process.execPath, mcPath, ...state];
    const failed = await promisify(execFile)('bash', args, { cwd: mc.folder, env: { ...mc.env } }).then(
      () => null,
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
    expect(failed?.code).toBe(1);
    expect(JSON.parse(failed?.stderr ?? '{}')).toMatchObject({
      error: {
        code: 'STATE_UNUSABLE',
        message: expect.stringContaining('nothing after the last kept cursor is lost'),
      },
    });
    const again = mc.start(state);
    await again.until(new RegExp(ref));
    again.signal('SIGINT');
    await again.ended;
  });

  it('ends quietly when the reader of the pipe has seen enough', async () => {
    const cursor = (await admin.lastEvents({ last: 50 })).nodes[0]?.cursor ?? '';
    const script = '"$0" "$@" | head -n 2; set -- "$PIPESTATUS"; echo "$1"';
    const args = ['-c', script, process.execPath, mcPath, 'events', 'watch', '--after', cursor];
    const { stdout, stderr } = await promisify(execFile)('bash', args, {
      cwd: mc.folder,
      env: { ...mc.env },
    });
    expect(stdout.trim().split('\n')).toHaveLength(3);
    expect(stdout.trim().endsWith('\n0')).toBe(true);
    expect(stderr).toBe('');
  });

  it('says at once that a key does not work', async () => {
    const result = await mc.run(['events', 'watch', '--api-key', 'mc_unknown_key_0123456789']);
    expect(result).toMatchObject({ code: 3, stdout: '' });
  });

  it('goes on after a restart of the server without a gap', async () => {
    const own = await startServer({ databaseUrl: database.url });
    const watching = mc.start(['events', 'watch', '--json', '--types', 'task.created', '--url', own.url]);
    await watching.until(/stream\.connected/);
    await own.kill();
    await watching.until(/stream\.interrupted/);
    const { ref } = await create('While one server is gone');
    const back = await startServer({ databaseUrl: database.url, env: { MC_PORT: new URL(own.url).port } });
    await watching.until(new RegExp(ref));
    watching.signal('SIGINT');
    await watching.ended;
    await back.stop();
  });
});

describe('mc task watch', () => {
  it('shows the state at once and after each change, and ends with the task', async () => {
    const { ref } = await create('Followed');
    const watching = mc.start(['task', 'watch', ref, '--fields', 'status']);
    await watching.until(/^{"status":"INBOX"}\n/);
    await admin.cancelTask({ task: { ref } });
    const last = /{"status":"CANCELLED"}\n$/;
    expect(await watching.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(last) });
  });
});
