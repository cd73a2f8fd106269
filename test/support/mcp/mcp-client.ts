import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { mcPath } from '../cli/mc.js';

/** What a tool has answered. */
export interface ToolAnswer {
  readonly text: string;
  readonly isError: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: each test knows the tool that it has called.
  readonly data: any;
}

/** An MCP client of the tests, made of the official one. */
export interface McpClient {
  readonly client: Client;
  /** The process of a server on standard input and output; null over HTTP. */
  readonly pid: number | null;
  call(name: string, args?: Record<string, unknown>): Promise<ToolAnswer>;
  close(): Promise<void>;
}

/** The protocol revisions that one endpoint serves. */
export const revisions = ['2025-11-25', '2026-07-28'] as const;

export type Revision = (typeof revisions)[number];

/** A client of the official package for one revision, with the calls of the tests. */
export async function connect(
  transport: Parameters<Client['connect']>[0] & { readonly pid?: number | null },
  revision: Revision,
): Promise<McpClient> {
  const pinned = revision === '2026-07-28' ? { versionNegotiation: { mode: { pin: revision } } } : {};
  const client = new Client({ name: 'tests', version: '1.0.0' }, pinned);
  await client.connect(transport);
  return {
    client,
    pid: transport.pid ?? null,
    async call(name, args = {}) {
      const { content, structuredContent, isError } = await client.callTool({ name, arguments: args });
      const [first] = content as readonly { readonly text?: string }[];
      return { text: first?.text ?? '', isError: isError === true, data: structuredContent };
    },
    close: () => client.close(),
  };
}

/** Starts `mc mcp` with the environment of a command. */
export function startMcp(env: Readonly<Record<string, string>>, revision: Revision): Promise<McpClient> {
  const args = [mcPath, 'mcp'];
  return connect(
    new StdioClientTransport({ command: process.execPath, args, env: { ...env }, stderr: 'ignore' }),
    revision,
  );
}
