import { CLIENT_CAPABILITIES_META_KEY, type Server, type ServerContext } from '@modelcontextprotocol/server';
import { isRecord } from '../verbs/coerce.js';

/** The extension of revision 2026-07-28 for calls that go on as tasks. */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';

/** What the client of a call can do. */
export interface ClientView {
  /** A client of revision 2026-07-28 repeats a call with the answers; an older one gets a request in mid-call. */
  readonly isModern: boolean;
  /** It can show a form to its person. */
  readonly showsForms: boolean;
  /** It knows the tasks extension. Clients of 2025-11-25 say so in each call instead. */
  readonly knowsTasks: boolean;
}

/** Reads the capabilities: those of the request, or those that the client named when it connected. */
export function viewClient(server: Server, { mcpReq: { envelope } }: ServerContext): ClientView {
  const capabilities = readKey(envelope) ?? server.getClientCapabilities();
  const { extensions } = isRecord(capabilities) ? capabilities : {};
  return {
    isModern: envelope !== undefined,
    showsForms: hasForms(capabilities),
    knowsTasks: isRecord(extensions) && TASKS_EXTENSION in extensions,
  };
}

/** Whether a client can show forms. One that names no kind of elicitation means forms. */
export function hasForms(capabilities: unknown): boolean {
  const { elicitation } = isRecord(capabilities) ? capabilities : {};
  return isRecord(elicitation) && ('form' in elicitation || !('url' in elicitation));
}

function readKey(envelope: unknown): unknown {
  return isRecord(envelope) ? envelope[CLIENT_CAPABILITIES_META_KEY] : undefined;
}
