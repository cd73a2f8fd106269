import { createInterface } from 'node:readline/promises';
import { createClient, type ViewerQuery } from '../../sdk/index.js';
import { UsageError } from '../failures.js';
import { longText } from '../input/long-text.js';
import { saveLogin } from '../session/config-file.js';
import { lightFetch } from '../session/light-fetch.js';
import type { Session } from '../session/session.js';
import { defineCommand } from './command.js';

export const login = defineCommand({
  name: 'login',
  summary: 'Checks an API key and keeps it for later commands.',
  use: 'Use it once on each machine. The file can be read by you alone.',
  avoid: 'In scripts and on shared machines set MC_URL and MC_API_KEY instead.',
  examples: [
    'mc login --url http://127.0.0.1:4000 --key @data/admin.key',
    'echo "$SECRET" | mc login --key -',
  ],
  options: (command) =>
    command.option('--key <key>', 'The key, as @file, or as - for standard input. Asked for in a terminal.'),
  async run(session, command) {
    const { url } = await session.connection();
    const apiKey = (await readKey(session, command.opts<{ key?: string }>().key)).trim();
    if (apiKey === '') throw new UsageError('The key is empty.');
    const viewer = await createClient({
      url,
      apiKey,
      name: 'mc',
      retry: { retries: 1 },
      fetch: lightFetch,
    }).viewer(session);
    const path = await saveLogin(session.env, { url, apiKey });
    await session.printer.answer({
      data: { url, role: viewer.role, agent: viewer.agent, path },
      view: (look) => ({ parts: [`${look.paint('good', '✓')} ${who(viewer)} at ${url}, kept in ${path}`] }),
    });
  },
});

function who({ role, agent }: ViewerQuery['viewer']): string {
  return `${role.toLowerCase()}${agent ? ` acting as ${agent.name}` : ''}`;
}

async function readKey({ options, signal }: Session, given: string | undefined): Promise<string> {
  const key = given ?? options.apiKey;
  if (key !== undefined) return longText(key);
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new UsageError('Give the key: mc login --key @data/admin.key, or --key - for standard input.');
  return askSecretly('API key: ', signal);
}

/** The answer is not shown: readline echoes to a stream that writes nothing. */
async function askSecretly(question: string, signal: AbortSignal): Promise<string> {
  // The terminal must stop its own echo before the question invites to type.
  const prompt = createInterface({ input: process.stdin, terminal: true });
  try {
    process.stderr.write(question);
    return await prompt.question('', { signal });
  } finally {
    prompt.close();
    process.stderr.write('\n');
  }
}
