import { Client, type ClientCapabilities } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import * as z from 'zod';
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
  /** The forms that the server has shown. */
  readonly forms: Form[];
  call(name: string, args?: Record<string, unknown>): Promise<ToolAnswer>;
  /** Sends a request of any method. */
  // biome-ignore lint/suspicious/noExplicitAny: each test knows the method that it has called.
  request(method: string, params: Record<string, unknown>): Promise<any>;
  close(): Promise<void>;
}

/** A form that a server shows to the person at the client. */
export interface Form {
  readonly message: string;
  readonly requestedSchema: unknown;
}

/** How the person at a client answers the forms. */
export type AnswerForm = (form: Form) => {
  readonly action: 'accept' | 'decline';
  readonly content?: Record<string, string | boolean>;
};

/** The protocol revisions that one endpoint serves. */
export const revisions = ['2025-11-25', '2026-07-28'] as const;

export type Revision = (typeof revisions)[number];

/**
 * A client of the official package for one revision, with the calls of the tests.
 *
 * @param answerForm - how its person answers; without it the client shows no forms.
 */
export async function connect(
  transport: Parameters<Client['connect']>[0] & { readonly pid?: number | null },
  revision: Revision,
  answerForm?: AnswerForm,
): Promise<McpClient> {
  const pinned = revision === '2026-07-28' ? { versionNegotiation: { mode: { pin: revision } } } : {};
  const capabilities: ClientCapabilities = answerForm ? { elicitation: { form: {} } } : {};
  const client = new Client({ name: 'tests', version: '1.0.0' }, { ...pinned, capabilities });
  const forms: Form[] = [];
  if (answerForm)
    client.setRequestHandler('elicitation/create', ({ params }) => {
      if (!('requestedSchema' in params)) return { action: 'decline' };
      forms.push(params);
      return { ...answerForm(params) };
    });
  await client.connect(transport);
  return {
    client,
    forms,
    pid: transport.pid ?? null,
    async call(name, args = {}) {
      const { content, structuredContent, isError } = await client.callTool({ name, arguments: args });
      const [first] = content as readonly { readonly text?: string }[];
      return { text: first?.text ?? '', isError: isError === true, data: structuredContent };
    },
    request: (method, params) => client.request({ method, params }, z.looseObject({})),
    close: () => client.close(),
  };
}

/** Starts `mc mcp` with the environment of a command. */
export function startMcp(
  env: Readonly<Record<string, string>>,
  revision: Revision,
  answerForm?: AnswerForm,
): Promise<McpClient> {
  const args = [mcPath, 'mcp'];
  return connect(
    new StdioClientTransport({ command: process.execPath, args, env: { ...env }, stderr: 'ignore' }),
    revision,
    answerForm,
  );
}
