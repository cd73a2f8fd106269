/** Sends one request of revision 2026-07-28, which the official client cannot send: it knows no tasks. */
export type ModernCall = (
  method: string,
  params: Record<string, unknown>,
) => Promise<{
  // biome-ignore lint/suspicious/noExplicitAny: each test knows the method that it has called.
  readonly result?: any;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}>;

/** The capabilities of a client that knows tasks and shows forms. */
export const tasksAndForms = {
  elicitation: { form: {} },
  extensions: { 'io.modelcontextprotocol/tasks': {} },
};

/** Calls `/mcp` of a server with a key, as a client with these capabilities. */
export function modernCalls(server: { readonly url: string }, key: string, capabilities: object): ModernCall {
  let id = 0;
  return async (method, params) => {
    id += 1;
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'tests', version: '1.0.0' },
      'io.modelcontextprotocol/clientCapabilities': capabilities,
    };
    const answer = await fetch(new URL('/mcp', server.url), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        authorization: `Bearer ${key}`,
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': method,
        'mcp-name': String(params.name ?? params.taskId),
      },
      body: JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta } }),
    });
    return answer.json();
  };
}
