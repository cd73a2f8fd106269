import { UsageError } from '../failures.js';
import { PATIENT } from '../session/session.js';
import { defineCommand } from './command.js';

export const top = defineCommand({
  name: 'top',
  summary: 'Shows the live queue, the agents and the last events, and takes keys.',
  use: 'Use it to watch, to open a task, and to approve, reject or pause on the spot.',
  avoid: 'Without a terminal use "overview" and "events watch".',
  examples: ['mc top', 'mc top --no-color'],
  async run({ printer, signal, client }) {
    if (!process.stdin.isTTY || !process.stdout.isTTY)
      throw new UsageError('mc top needs a terminal. See: mc overview, mc events watch');
    const { runTop } = await import('../top/run-top.js');
    await runTop(await client(PATIENT), printer.look, signal);
  },
});
