import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A server that this program has started. */
export interface OwnServer {
  readonly url: string;
  readonly adminKey: string;
  /** Stops the server and removes its data folder. */
  stop(): Promise<void>;
}

/**
 * Code that runs first in the server. The server's standard input ends when the starting program ends, even if it is killed.
 * Then the server stops and removes its data folder.
 */
const END_WITH_PARENT = `data:text/javascript,${encodeURIComponent(`
  import { rmSync } from 'node:fs';
  process.stdin.once('end', () => {
    process.once('exit', () => rmSync(process.env.MC_DATA_DIR, { recursive: true, force: true }));
    process.kill(process.pid, 'SIGTERM');
  });
  process.stdin.resume().unref();
`)}`;

/** Starts a server on a free port with an empty data folder and only these settings. */
export async function startOwnServer(settings: Readonly<Record<string, string>>): Promise<OwnServer> {
  const folder = await mkdtemp(join(tmpdir(), 'mission-control-'));
  // Started by root, PostgreSQL runs as another user, which has to be able to enter the folder.
  await chmod(folder, 0o711);
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
  const child = spawn(process.execPath, ['--import', END_WITH_PARENT, main], {
    env: { ...withoutSettings(process.env), ...settings, MC_DATA_DIR: folder, MC_PORT: '0' },
    stdio: ['pipe', 'pipe', 'inherit'],
    // Ctrl-C in a terminal must reach only this program, which stops the server itself.
    detached: true,
  });
  const closed = once(child, 'close');
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });

  async function stop(): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await closed;
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  }

  for (;;) {
    const url = /^GraphQL and GraphiQL: (http:\S+)\/graphql$/m.exec(output)?.[1];
    const key = await readFile(join(folder, 'admin.key'), 'utf8').catch(() => null);
    if (url !== undefined && key !== null) return { url, adminKey: key.trim(), stop };
    await Promise.race([once(child.stdout, 'data'), closed]);
    if (child.exitCode === null && child.signalCode === null) continue;
    await stop();
    throw new Error(`The server did not start.\n${output}`);
  }
}

/** The environment without variables that would configure the server differently. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const foreign = /^(MC_|OPENCLAW_|OPENAI_)|^DATABASE_URL$/;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !foreign.test(name)));
}
