import {
  inputRequired,
  type JSONRPCRequest,
  ProtocolError,
  ProtocolErrorCode,
  type Result,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { VERSION } from '../sdk/index.js';
import { isRecord } from '../verbs/coerce.js';
import { TASKS_EXTENSION, viewClient } from './client-view.js';
import { FORM_KEY, FormNeeded, showFormTo } from './show-form.js';
import { serveLegacyTasks } from './tasks/legacy.js';
import { serveTasksExtension } from './tasks/modern.js';
import { becomesTask, startTask } from './tasks/start.js';
import { type Tool, type ToolCallOptions, type ToolSession, untilEnding } from './tool.js';
import { toolErrorText } from './tool-error.js';
import { toolList } from './tool-list.js';
import { ToolServer } from './tool-server.js';
import { tools } from './tools/tools.js';

/** What a model reads once, before the tools. */
const INSTRUCTIONS = `Mission Control hands work to AI agents from a queue.
To work: claim_next_task, do the task, complete_task with run.id; then claim again. Use ask_person when only a person can decide, fail_task when it cannot be done, release_task to give it back.
If a task was rejected before, its reviews have the feedback: do what it says. If a tool answers LEASE_LOST, stop working on that task.
To review: claim_next_review, then submit_verdict. To hand out work: delegate_task or create_task.`;

/** The clients of an era: those of 2025 connect, those of 2026-07-28 describe themselves in each request. */
export type Era = 'legacy' | 'modern';

/** How each era learns that delegate_task runs as a task. */
const TASK_CAPABILITIES = {
  legacy: { tasks: { cancel: {}, requests: { tools: { call: {} } } } },
  modern: { extensions: { [TASKS_EXTENSION]: {} } },
};

/** Creates the server of one MCP connection. Its tools do what the API key of the session may do. */
export function createToolServer(session: ToolSession, era: Era): Server {
  const server = new ToolServer(
    { name: 'mission-control', title: 'Mission Control', version: VERSION },
    { capabilities: { tools: {}, ...TASK_CAPABILITIES[era] }, instructions: INSTRUCTIONS },
  );
  server.startTask = (request, context) => startTaskOf(request, { server, session, context });
  server.setRequestHandler('tools/list', () => ({ tools: [...toolList] }));
  server.setRequestHandler('tools/call', ({ params }, context) =>
    untilEnding(context, session, (signal) =>
      callTool(toolOf(params.name), session, {
        given: params.arguments ?? {},
        signal,
        showForm: showFormTo(viewClient(server, context), context),
      }),
    ),
  );
  if (era === 'modern') serveTasksExtension(server, session);
  else serveLegacyTasks(server, session);
  return server;
}

interface CallPlace {
  readonly server: Server;
  readonly session: ToolSession;
  readonly context: ServerContext;
}

function startTaskOf(
  { params }: JSONRPCRequest,
  { server, session, context }: CallPlace,
): Promise<Result> | null {
  const { name, arguments: given, task } = params ?? {};
  const tool = tools.find((each) => each.name === name);
  const client = viewClient(server, context);
  if (tool === undefined || !becomesTask(tool, client, task !== undefined)) return null;
  return untilEnding(context, session, (signal) =>
    startTask(tool, session, { client, given: isRecord(given) ? given : {}, signal }),
  );
}

function toolOf(name: string): Tool {
  const tool = tools.find((each) => each.name === name);
  if (tool) return tool;
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no tool "${name}".`);
}

interface ToolCall extends ToolCallOptions {
  readonly given: Record<string, unknown>;
}

async function callTool(tool: Tool, session: ToolSession, { given, ...options }: ToolCall) {
  session.held.touch();
  try {
    const output = await tool.call(session, given, options);
    return { content: [toText(JSON.stringify(output))], structuredContent: { ...output } };
  } catch (error) {
    if (error instanceof FormNeeded)
      return inputRequired({ inputRequests: { [FORM_KEY]: inputRequired.elicit(error.form) } });
    return { content: [toText(toolErrorText(error))], isError: true };
  } finally {
    session.held.touch();
  }
}

function toText(text: string) {
  return { type: 'text' as const, text };
}
