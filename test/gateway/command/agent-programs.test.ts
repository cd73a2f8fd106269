import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createCommandGateway } from '../../../src/gateway/command/command.js';
import type { Gateway } from '../../../src/gateway/gateway.js';
import { aCall, testHooks } from '../conformance.js';

const program = fileURLToPath(new URL('../../support/gateways/fake-program.mjs', import.meta.url));

let folder: string;
let gateway: Gateway;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mc-agents-'));
  gateway = createCommandGateway({
    argv: [process.execPath, program, folder],
    folder: undefined,
    environment: {},
    url: () => 'http://127.0.0.1:4000',
    givesKey: true,
  });
});
afterAll(async () => {
  await gateway.close();
  await rm(folder, { recursive: true, force: true });
});

const send = (prompt: string, more = {}) => gateway.send(aCall(prompt, more), testHooks());
const lines = (...events: unknown[]) => events.map((event) => `${JSON.stringify(event)}\n`).join('');
const print = (text: string, code = 0) => send(`[[print]]\n${JSON.stringify({ text, code })}`);

/** As `claude -p --output-format json` prints it (2.x), without the fields that are not read. */
const claude = (more: object) => ({
  type: 'result',
  subtype: 'success',
  is_error: false,
  duration_ms: 5_012,
  num_turns: 3,
  result: 'All good.',
  session_id: 'a7c2',
  total_cost_usd: 0.0421,
  usage: {
    input_tokens: 4,
    cache_creation_input_tokens: 1_200,
    cache_read_input_tokens: 9_000,
    output_tokens: 310,
    server_tool_use: { web_search_requests: 0 },
  },
  modelUsage: {
    'claude-haiku-4-5': { costUSD: 0.0001 },
    'claude-opus-4-6': { inputTokens: 4, outputTokens: 310, costUSD: 0.0421 },
  },
  ...more,
});
const claudeUsage = { inputTokens: 10_204, outputTokens: 310, costUsd: 0.0421 };

/** As `codex exec --json` prints them. */
const codexStart = [{ type: 'thread.started', thread_id: '0199a213' }, { type: 'turn.started' }];
const said = (text: string) => ({
  type: 'item.completed',
  item: { id: 'item_3', type: 'agent_message', text },
});
const turnEnd = {
  type: 'turn.completed',
  usage: { input_tokens: 24_763, cached_input_tokens: 24_448, output_tokens: 122 },
};

describe('the output of Claude Code', () => {
  it('is an answer with model, usage and costs', async () => {
    const answer = { outcome: 'ANSWERED', text: 'All good.', model: 'claude-opus-4-6', usage: claudeUsage };
    expect(await print(lines(claude({})))).toEqual(answer);
    const message = { type: 'assistant', message: { content: [{ type: 'text', text: 'I look.' }] } };
    expect(await print(lines({ type: 'system', subtype: 'init' }, message, claude({})))).toEqual(answer);
  });

  it.each([
    [claude({ subtype: 'error_max_turns', result: undefined }), 0, 'error_max_turns'],
    [claude({ is_error: true, result: 'Not logged in · Please run /login' }), 1, 'Please run /login'],
    [claude({ subtype: 'error_during_execution', errors: ['It broke.'] }), 1, 'It broke.'],
  ])('is a failure with its reason and usage where it did not finish', async (result, code, error) => {
    expect(await print(lines(result), code)).toMatchObject({
      outcome: 'FAILED',
      permanent: false,
      error: expect.stringContaining(error),
      usage: claudeUsage,
    });
  });
});

describe('the output of Codex', () => {
  it('is its last message, with the usage of all turns', async () => {
    const events = [
      ...codexStart,
      said('I look.'),
      { type: 'error', message: 'Reconnecting... 1/5' },
      said('All good.'),
      turnEnd,
    ];
    expect(await print(lines(...events))).toEqual({
      outcome: 'ANSWERED',
      text: 'All good.',
      model: null,
      usage: { inputTokens: 24_763, outputTokens: 122 },
    });
  });

  it('is a failure where its turn failed or did not end', async () => {
    const failed = { type: 'turn.failed', error: { message: 'stream disconnected' } };
    expect(await print(lines(...codexStart, said('Half.'), failed), 1)).toMatchObject({
      outcome: 'FAILED',
      error: expect.stringContaining('stream disconnected'),
      output: 'Half.',
    });
    expect(await print(lines(...codexStart, said('Half.')))).toMatchObject({ outcome: 'FAILED' });
  });

  it('is read to its end, however long it is', async () => {
    const noise = {
      type: 'item.completed',
      item: { type: 'command_execution', aggregated_output: 'x'.repeat(5_000) },
    };
    const events = [...codexStart, ...Array.from({ length: 80 }, () => noise), said('All good.'), turnEnd];
    expect(await print(lines(...events))).toMatchObject({ outcome: 'ANSWERED', text: 'All good.' });
  });
});

describe('the progress of a program', () => {
  it('is what its agent says, and never the JSON around it', async () => {
    const reported: string[] = [];
    const hooks = { ...testHooks(), onProgress: (text: string) => void reported.push(text) };
    const message = { type: 'assistant', message: { content: [{ type: 'text', text: 'I look.' }] } };
    const text = lines({ type: 'system', subtype: 'init' }, message, claude({}));
    await gateway.send(aCall(`[[print]]\n${JSON.stringify({ text })}`), hooks);
    expect(new Set(reported)).toEqual(new Set(['I look.']));
    reported.length = 0;
    await gateway.send(aCall(`[[print]]\n${JSON.stringify({ text: lines(claude({})) })}`), hooks);
    expect(reported).toEqual([]);
  });
});

describe('the output of other programs', () => {
  it.each(['{"type":"result","value":1}\n', `${lines(claude({}))}and more\n`, '{"a":'])(
    'is the answer as it is: %s',
    async (text) => {
      expect(await print(text)).toMatchObject({ outcome: 'ANSWERED', text, usage: null });
    },
  );

  it('is in the error with both ends of both streams', async () => {
    const answer = await send('[[verbose-failure]]');
    expect(answer).toMatchObject({ outcome: 'FAILED', output: expect.stringContaining('Not logged in.') });
    for (const words of ['exited with code 1', 'Not logged in.', 'Run /login.', 'warning', 'giving up'])
      expect(answer).toMatchObject({ error: expect.stringContaining(words) });
  });

  it('is reported as it comes and kept after a cancel and a timeout', async () => {
    const hooks = testHooks();
    const reported: string[] = [];
    const answer = gateway.send(aCall('[[says-and-hangs]]'), {
      ...hooks,
      onProgress: (text) => reported.push(text),
    });
    await vi.waitFor(() => expect(reported).toEqual(['Half of it.']), 20_000);
    hooks.abort();
    expect(await answer).toEqual({ outcome: 'ABORTED', output: 'Half of it.\n', usage: null });
    expect(await send('[[says-and-hangs]]', { timeoutMs: 1_000 })).toMatchObject({
      outcome: 'TIMED_OUT',
      output: 'Half of it.\n',
    });
  });
});

describe('a program', () => {
  const revoked: string[] = [];
  const work = {
    taskRef: 'TASK-7',
    runId: 'run_1',
    task: { ref: 'TASK-7', title: 'Fix it' },
    createKey: async () => ({
      secret: 'mc_of_the_run',
      revoke: async () => void revoked.push('mc_of_the_run'),
    }),
  };

  it('is told what it works on, with a key for the time of its run', async () => {
    const answer = await send('[[facts]]', { work });
    if (answer.outcome !== 'ANSWERED') throw new Error(JSON.stringify(answer));
    const { env } = JSON.parse(answer.text);
    expect(env).toMatchObject({
      MC_TASK_REF: 'TASK-7',
      MC_RUN_ID: 'run_1',
      MC_URL: 'http://127.0.0.1:4000',
      MC_API_KEY: 'mc_of_the_run',
    });
    expect(revoked).toEqual(['mc_of_the_run']);
    expect(existsSync(env.MC_TASK_FILE)).toBe(false);
  });

  it('reads its task as JSON from a file', async () => {
    const answer = await send('[[task-file]]', { work });
    expect(answer.outcome === 'ANSWERED' && JSON.parse(answer.text)).toEqual(work.task);
  });

  it('gets a standing instruction that is too long for an argument with its prompt', async () => {
    const argv = [process.execPath, program, folder, '--system', '{{soul}}'];
    const other = createCommandGateway({ argv, folder: undefined, environment: {} });
    const soul = 'ü'.repeat(70_000);
    const answer = await other.send(aCall('[[facts]]', { soul }), testHooks());
    expect(answer.outcome).toBe('ANSWERED');
    const { argv: given, prompt } = JSON.parse(answer.outcome === 'ANSWERED' ? answer.text : '');
    expect(given).toEqual([]);
    expect(prompt.length).toBe(soul.length + '\n\n[[facts]]'.length);
    await other.close();
  });
});
