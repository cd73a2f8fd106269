import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { signalItself } from '../support/servers/signal-itself.js';

/** Timeout for a server, its PostgreSQL and the demo on a machine that runs other tests. */
vi.setConfig({ testTimeout: 180_000 });

const root = fileURLToPath(new URL('../..', import.meta.url));

let temporary: string;
beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'mission-control-demo-test-'));
  onTestFinished(() => rm(temporary, { recursive: true, force: true }));
});

/** Runs the demo with `temporary` as its folder for temporary files. */
function runDemo(nodeOptions: readonly string[] = []) {
  const child = spawn(process.execPath, ['--import', 'tsx', ...nodeOptions, 'examples/demo.ts'], {
    cwd: root,
    env: { ...process.env, TMPDIR: temporary, MC_GATEWAY: 'nonsense', DATABASE_URL: 'nonsense' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return { child, said, ended };
}

const leftFolders = async () =>
  (await readdir(temporary)).filter((name) => name.startsWith('mission-control'));

/** The printed descriptions of each task, in order. */
function storyOf(stdout: string, ref: string): string[] {
  const lines = stdout.split('\n').filter((line) => line.includes(`  ${ref} `));
  return lines.map((line) => line.split(/ {2,}/).at(-1) ?? '');
}

describe('the demo', () => {
  it('prints tasks being sent, done, rejected, done again and approved, and leaves no files behind', async () => {
    const { said, ended } = runDemo();
    expect(await ended).toBe(0);
    expect(said.stderr).toBe('');
    expect(said.stdout).toMatch(/^12 of 12 tasks are DONE\.$/m);
    expect(storyOf(said.stdout, 'TASK-7')).toEqual([
      'for ada',
      'sent to ada',
      'done by ada',
      'sent back by aegis: Say how you made sure that it works.',
      'sent to ada',
      'done by ada',
      'approved by aegis',
    ]);
    expect(storyOf(said.stdout, 'TASK-2')).toEqual(
      expect.arrayContaining([
        'for bruno',
        'may begin',
        'sent to bruno',
        'done by bruno',
        'approved by aegis',
      ]),
    );
    expect(await leftFolders()).toEqual([]);
  });

  it('ends cleanly at Ctrl-C', async () => {
    const { said, ended } = runDemo(signalItself('sent to ada', 'SIGINT', 'SIGINT'));
    expect(await ended).toBe(0);
    expect(said.stderr).toBe('');
    expect(said.stdout).toContain('sent to ada');
    expect(said.stdout).not.toContain('tasks are DONE');
    expect(await leftFolders()).toEqual([]);
  });

  it('leaves no server behind when it is killed', async () => {
    const { said, ended } = runDemo(signalItself('sent to ada', 'SIGKILL'));
    // The server shares standard error, so it closes when both have ended.
    expect(await ended).toBeNull();
    expect(said.stderr).toBe('');
    expect(await leftFolders()).toEqual([]);
  });
});
