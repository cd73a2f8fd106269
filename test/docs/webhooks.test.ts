import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { newSigningSecret } from '../../src/kernel/ids.js';
import { createWebhookSender } from '../../src/webhooks/http-sender.js';
import { parseBlocks } from './markdown-blocks.js';

const root = new URL('../../', import.meta.url);
const [receiver] = parseBlocks(readFileSync(new URL('docs/webhooks.md', root), 'utf8')).filter(
  ({ info }) => info === 'js',
);

const secret = newSigningSecret();
const sender = createWebhookSender({ allowPrivate: true });
let url: string;
let program: ChildProcess;
let printed = '';

beforeAll(async () => {
  program = spawn(process.execPath, ['--input-type=module', '-e', receiver?.text ?? ''], {
    cwd: fileURLToPath(root),
    env: { PATH: process.env.PATH, PORT: '0', WEBHOOK_SECRET: secret },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  program.stdout?.on('data', (piece) => {
    printed += piece;
  });
  await vi.waitFor(() => expect(printed).toMatch(/^listening on \d+\n$/), { timeout: 20_000 });
  url = `http://127.0.0.1:${printed.split(' ').at(-1)?.trim()}/`;
  printed = '';
});
afterAll(async () => {
  await sender.close();
  program.kill();
  await once(program, 'exit');
});

describe('the receiver of docs/webhooks.md', () => {
  it('handles each event once, and refuses what is not signed', async () => {
    const send = (id: string, secrets = [secret]) =>
      sender.send({
        ...{ webhookId: 'whk_1', url, id, secrets, atMs: Date.now(), signal: new AbortController().signal },
        body: JSON.stringify({ id, type: 'task.failed', task: { ref: 'TASK-7' } }),
      });
    expect(await send('evt_1')).toMatchObject({ status: 204 });
    expect(await send('evt_1')).toMatchObject({ status: 204 });
    expect(await send('evt_2', [newSigningSecret()])).toMatchObject({ status: 400 });
    expect(await send('evt_3')).toMatchObject({ status: 204 });
    await expect.poll(() => printed).toBe('task.failed TASK-7\ntask.failed TASK-7\n');
  });
});
