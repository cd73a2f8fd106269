import type { ServerContext } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { withSignals } from '../kernel/with-signal.js';
import type { Client } from '../sdk/index.js';
import { fromBody } from '../verbs/body.js';
import { coerceInput } from '../verbs/coerce.js';
import { verbOf } from '../verbs/registry.js';
import type { Answer, CallVerb, Effect } from '../verbs/verb.js';
import type { HeldRuns } from './held-runs.js';
import type { OutputSchema, ToolOutput } from './output.js';
import type { ShowForm } from './show-form.js';

/** What the tools of one MCP client work with. */
export interface ToolSession {
  readonly client: Client;
  /** The runs whose leases are renewed while the MCP client lives. */
  readonly held: HeldRuns;
  /** Aborted when this server stops: calls that wait end. */
  readonly ending?: AbortSignal;
  /** Whether a request to the client would arrive now, outside of its own calls. */
  readonly reachesClient?: () => boolean;
}

/** Runs a call with a signal that is aborted when the client cancels it or leaves, and when this server stops. */
export function untilEnding<Result>(
  { mcpReq: { signal } }: ServerContext,
  { ending }: ToolSession,
  call: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  return ending === undefined ? call(signal) : withSignals([signal, ending], call);
}

/** How one tool is called. */
export interface ToolCallOptions {
  /** Aborted when the client cancels the call or leaves. */
  readonly signal: AbortSignal;
  /** Shows a form to the person at the client, where the client can do it. */
  readonly showForm?: ShowForm | undefined;
}

/** One tool of the MCP server. */
export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: z.ZodObject;
  readonly output: OutputSchema;
  readonly effect: Effect;
  /** True if its call may go on as a task of the protocol: the output has the `task` of the API. */
  readonly startsTask?: boolean;
  /** @throws ZodError for arguments that are not acceptable, and the errors of the SDK. */
  call(session: ToolSession, given: ToolOutput, options: ToolCallOptions): Promise<ToolOutput>;
}

/** Defines a tool that is more than one verb. */
export function defineTool<Schema extends z.ZodObject>(
  definition: Omit<Tool, 'call' | 'input'> & {
    readonly input: Schema;
    call(session: ToolSession, input: z.infer<Schema>, options: ToolCallOptions): Promise<ToolOutput>;
  },
): Tool {
  return {
    ...definition,
    call: async (session, given, options) =>
      definition.call(session, definition.input.parse(readable(definition.input, given)), options),
  };
}

interface VerbTool {
  readonly name: string;
  readonly title: string;
  /** The verb of the registry, such as `task claim`: the summary, the fields and the effect are its own. */
  readonly verb: string;
  /** The fields that the tool takes. */
  readonly fields: readonly string[];
  /** Fields that differ from those of the verb. */
  readonly otherFields?: z.ZodRawShape;
  /** What the caller does with the answer, or what to use instead. */
  readonly advice: string;
  readonly output: OutputSchema;
  toOutput(answer: Answer): ToolOutput;
  /** Called when the verb has succeeded. */
  done?(session: ToolSession, input: ToolOutput, answer: Answer): void;
}

/** Defines a tool that is one verb with a part of its fields: a model reads all schemas at the start of every session. */
export function defineVerbTool({ verb: verbName, fields, otherFields, ...tool }: VerbTool): Tool {
  const verb = callVerb(verbName);
  const shape = Object.fromEntries(fields.map((name) => [name, fieldOf(verb, name)]));
  return defineTool({
    ...tool,
    description: `${verb.summary} ${tool.advice}`,
    input: z.strictObject({ ...shape, ...otherFields }),
    effect: verb.effect,
    async call(session, input, options) {
      const answer = await verb.run(session.client, input, options);
      tool.done?.(session, input, answer);
      return tool.toOutput(answer);
    },
  });
}

/** The verb of a name, which has one answer. */
export function callVerb(name: string): CallVerb {
  const verb = verbOf(name);
  if (verb.kind !== 'call') throw new Error(`The verb "${name}" is a stream.`);
  return verb;
}

function fieldOf(verb: CallVerb, name: string): z.ZodType {
  const field: unknown = verb.input.shape[name];
  if (field instanceof z.ZodType) return field;
  throw new Error(`The verb "${verb.name}" has no field "${name}".`);
}

/** Models write `wait_seconds` for `waitSeconds`, `high` for HIGH and `"3"` for 3. */
function readable(schema: z.ZodObject, given: ToolOutput): ToolOutput {
  return coerceInput(schema, fromBody(schema, given));
}
