import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { ServerProcess } from '../support/servers/server-process.js';
import { type Block, parseBlocks } from './markdown-blocks.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** One line that a pasted block has printed: the answer to a GraphQL request. */
export interface Answer {
  readonly data?: Readonly<Record<string, Payload | undefined>>;
  readonly errors?: readonly unknown[];
}

interface Payload {
  readonly reason?: string;
  readonly errors?: readonly unknown[];
}

/** All Markdown pages of the repository, as paths relative to its root. */
export async function listPages(): Promise<string[]> {
  const [atRoot, inDocs] = await Promise.all([
    readdir(root),
    readdir(join(root, 'docs'), { recursive: true, encoding: 'utf8' }),
  ]);
  const pages = [...atRoot, ...inDocs.map((path) => `docs/${path.replaceAll('\\', '/')}`)];
  return pages.filter((path) => path.endsWith('.md'));
}

/** The blocks of a page, in order. The path is relative to the root of the repository. */
export async function readBlocks(page: string): Promise<Block[]> {
  return parseBlocks(await readFile(join(root, page), 'utf8'));
}

/**
 * The blocks of a page that a reader pastes into a shell, in order. Blocks that run a program of package.json are left
 * out: those programs have tests of their own in test/examples.
 */
export async function readSteps(page: string): Promise<Block[]> {
  return (await readBlocks(page)).filter(({ info, text }) => info === 'bash' && !text.includes('npm run'));
}

/** A folder that contains what the pages use of a clone: the admin key, the shell functions and the command line. */
export async function createCloneFolder(server: ServerProcess): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mission-control-pasted-'));
  await symlink(server.dataDir, join(folder, 'data'));
  for (const name of ['examples', 'dist']) await symlink(join(root, name), join(folder, name));
  return folder;
}

/** Removes the folder, and nothing that it links to. */
export async function removeCloneFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** The whole environment of a pasted block. */
export function shellEnvironment(server: ServerProcess): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return { PATH, HOME, MC_URL: server.url };
}

/**
 * Runs the blocks one after the other in one shell that stops at the first failure. Returns the printed lines, each of them JSON.
 */
export async function pasteLines(
  blocks: readonly Block[],
  server: ServerProcess,
  folder: string,
): Promise<unknown[]> {
  const script = blocks.map(({ text }) => text).join('\n');
  const { stdout, stderr } = await promisify(execFile)(
    'bash',
    ['--norc', '-e', '-u', '-o', 'pipefail', '-c', script],
    { cwd: folder, env: { ...shellEnvironment(server), XDG_CONFIG_HOME: folder }, timeout: 220_000 },
  );
  expect(stderr).toBe('');
  return stdout
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}

/** The same for blocks that send GraphQL requests. Returns the printed answers. */
export async function paste(
  blocks: readonly Block[],
  server: ServerProcess,
  folder: string,
): Promise<Answer[]> {
  const lines = await pasteLines(blocks, server, folder);
  return lines
    .filter((line) => typeof line === 'object' && line !== null)
    .filter((answer): answer is Answer => 'data' in answer || 'errors' in answer);
}

/** The payloads of the answers, each with the name of its field. Fails if an answer or a payload has an error. */
export function expectNoErrors(answers: readonly Answer[]): (readonly [string, Payload | undefined])[] {
  expect(answers.flatMap(({ errors }) => errors ?? [])).toEqual([]);
  const payloads = answers.flatMap(({ data }) => Object.entries(data ?? {}));
  expect(payloads.flatMap(([, payload]) => payload?.errors ?? [])).toEqual([]);
  return payloads;
}
