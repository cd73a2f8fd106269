import { ProtocolError, ProtocolErrorCode, Server } from '@modelcontextprotocol/server';
import { VERSION } from '../sdk/index.js';
import type { Tool, ToolSession } from './tool.js';
import { toolErrorText } from './tool-error.js';
import { toolList } from './tool-list.js';
import { tools } from './tools/tools.js';

/** What a model reads once, before the tools. */
const INSTRUCTIONS = `Mission Control hands work to AI agents from a queue.
To work: claim_next_task, do the task, complete_task with run.id; then claim again. Use ask_person when only a person can decide, fail_task when it cannot be done, release_task to give it back.
If a task was rejected before, its reviews have the feedback: do what it says. If a tool answers LEASE_LOST, stop working on that task.
To review: claim_next_review, then submit_verdict. To hand out work: delegate_task or create_task.`;

/** Creates the server of one MCP connection. Its tools do what the API key of the session may do. */
export function createToolServer(session: ToolSession): Server {
  const server = new Server(
    { name: 'mission-control', title: 'Mission Control', version: VERSION },
    { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
  );
  server.setRequestHandler('tools/list', () => ({ tools: [...toolList] }));
  server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
    const tool = tools.find(({ name }) => name === params.name);
    if (tool === undefined)
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no tool "${params.name}".`);
    return callTool(tool, session, { given: params.arguments ?? {}, signal: signalOf(mcpReq, session) });
  });
  return server;
}

async function callTool(
  tool: Tool,
  session: ToolSession,
  { given, signal }: { readonly given: Record<string, unknown>; readonly signal: AbortSignal },
) {
  session.held.touch();
  try {
    const output = await tool.call(session, given, { signal });
    return { content: [toText(JSON.stringify(output))], structuredContent: { ...output } };
  } catch (error) {
    return { content: [toText(toolErrorText(error))], isError: true };
  } finally {
    session.held.touch();
  }
}

function toText(text: string) {
  return { type: 'text' as const, text };
}

function signalOf({ signal }: { readonly signal: AbortSignal }, { ending }: ToolSession): AbortSignal {
  return ending === undefined ? signal : AbortSignal.any([signal, ending]);
}
