import type { Tool as ListedTool } from '@modelcontextprotocol/server';
import * as z from 'zod';
import type { Tool } from './tool.js';
import { tools } from './tools/tools.js';

/** A model reads all schemas at the start of every session, so they leave out what the server checks without being told. */
const IMPLIED = new Set(['$schema', 'additionalProperties', 'minLength', 'instant']);

/** The list of tools as clients get it. */
export const toolList: readonly ListedTool[] = tools.map(toListed);

function toListed({ name, title, description, input, output, effect, startsTask }: Tool): ListedTool {
  return {
    name,
    title,
    description: description.trim(),
    inputSchema: toJsonSchema(input),
    outputSchema: { ...output },
    annotations: {
      readOnlyHint: effect.readOnly,
      destructiveHint: effect.destructive,
      idempotentHint: effect.idempotent,
    },
    ...(startsTask && { execution: { taskSupport: 'optional' } }),
  };
}

function toJsonSchema(input: z.ZodObject): ListedTool['inputSchema'] {
  const schema = z.toJSONSchema(input, { io: 'input' });
  const text = JSON.stringify(schema, (name, value: unknown) => (IMPLIED.has(name) ? undefined : value));
  return JSON.parse(text) as ListedTool['inputSchema'];
}
