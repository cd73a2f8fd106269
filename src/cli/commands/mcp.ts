import { keyOf } from '../session/connection.js';
import { defineCommand } from './command.js';

export const mcp = defineCommand({
  name: 'mcp',
  summary: 'Serves the tools of an agent over MCP, on standard input and output.',
  use: 'Use it in the configuration of an MCP client, such as Claude Code or Codex.',
  avoid: 'A client that speaks HTTP needs no process: the server has the same tools at /mcp.',
  examples: ['mc mcp', 'claude mcp add mission-control -- mc mcp'],
  async run({ connection, hold }) {
    const found = await connection();
    const [url, apiKey] = [found.url, keyOf(found)];
    // The server has its own end: tasks that the client holds are given back first.
    hold();
    const { serveOnStdio } = await import('../../mcp/stdio.js');
    await serveOnStdio({ url, apiKey });
    process.exit();
  },
});
