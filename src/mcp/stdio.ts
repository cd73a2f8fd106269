import { once } from 'node:events';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createClient } from '../sdk/index.js';
import { HeldRuns } from './held-runs.js';
import { createToolServer } from './server.js';

/** Where the server on standard input and output sends its requests. */
export interface StdioOptions {
  readonly url: string;
  readonly apiKey: string;
}

/** Short, because a process that is killed gives nothing back. The process renews it as long as it lives. */
const LEASE_SECONDS = 120;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Serves MCP on standard input and output until the client closes the input or the process gets a signal. Then the tasks
 * that the client holds return to the queue.
 *
 * @throws TypeError when the URL is not an HTTP URL or the key is empty.
 */
export async function serveOnStdio({ url, apiKey }: StdioOptions): Promise<void> {
  const client = createClient({ url, apiKey, name: 'mc mcp' });
  const held = new HeldRuns({ client, leaseSeconds: LEASE_SECONDS, idleMs: null });
  const left = clientLeaves();
  const connection = serveStdio(
    ({ era }) => createToolServer({ client, held, reachesClient: () => true }, era),
    {
      onerror: (error) => process.stderr.write(`✕ ${describe(error)}\n`),
    },
  );
  await left;
  // Closing aborts the calls. A claim that is aborted may have started a run, which would keep its task until the lease ends.
  await held.leave();
  await connection.close();
}

/** One line. What a parser says of a line that is no message has many. */
function describe(error: Error): string {
  if ('issues' in error)
    return 'The client has sent a line that is no message of the protocol. It is left out.';
  return error.message.replace(/\s+/g, ' ');
}

/** A client leaves by closing a pipe. Hosts that end the process send a signal. */
async function clientLeaves(): Promise<void> {
  const end = new AbortController();
  const { signal } = end;
  // A client that does not read any more is gone as well; without a listener the error would end the process.
  process.stdout.on('error', () => end.abort());
  const signs = [
    ...['end', 'close', 'error'].map((name) => once(process.stdin, name, { signal })),
    ...SIGNALS.map((name) => once(process, name, { signal })),
  ];
  await Promise.race(signs).catch(() => undefined);
  end.abort();
  await Promise.allSettled(signs);
}
