import { type JSONRPCRequest, type Result, Server, type ServerContext } from '@modelcontextprotocol/server';

/** How a server answers one request. */
export type RequestHandler = (request: JSONRPCRequest, context: ServerContext) => Promise<Result>;

/** The server of the package, whose tools may answer with a task. */
export class ToolServer extends Server {
  /** Answers a call that becomes a task; null for every other call. */
  startTask: ((request: JSONRPCRequest, context: ServerContext) => Promise<Result> | null) | undefined;

  /** The result that creates a task has a form of its own, which the check of the results of tools refuses. */
  protected override _wrapHandler(method: string, handler: RequestHandler): RequestHandler {
    const checked = super._wrapHandler(method, handler);
    if (method !== 'tools/call') return checked;
    return async (request, context) => this.startTask?.(request, context) ?? checked(request, context);
  }
}
