import type { z } from 'zod';
import type { CallOptions, Client } from '../sdk/index.js';
import type { Look, View } from './looks/look.js';

/** The name of a method of the SDK's client, which is the name of an operation of the API. */
export type Operation = Exclude<keyof Client, 'request' | 'subscribe'>;

/** What a verb does to the server's state. */
export interface Effect {
  /** Changes nothing. */
  readonly readOnly: boolean;
  /** Ends or removes something that is not easily brought back. */
  readonly destructive: boolean;
  /** A repeat with the same input changes nothing more. */
  readonly idempotent: boolean;
}

/** The effects that occur. */
export const effects = {
  reads: { readOnly: true, destructive: false, idempotent: true },
  adds: { readOnly: false, destructive: false, idempotent: false },
  sets: { readOnly: false, destructive: false, idempotent: true },
  ends: { readOnly: false, destructive: true, idempotent: false },
  removes: { readOnly: false, destructive: true, idempotent: true },
} as const satisfies Readonly<Record<string, Effect>>;

/** What is said about a verb: the help, the reference and the tool descriptions are made from it. */
export interface VerbText<Field extends string = string> {
  /** The words of the command: `task create`. */
  readonly name: string;
  /** What it does, in one line. */
  readonly summary: string;
  /** When to use it, in one sentence. */
  readonly use: string;
  /** When not to use it, and what to use instead. */
  readonly avoid: string;
  /** The methods of the client that it calls. */
  readonly operations: readonly Operation[];
  readonly effect: Effect;
  /** The fields that a command takes by their place, in order. */
  readonly places?: readonly Field[];
  /** The fields with long texts: a command also takes them from a file or from standard input. */
  readonly texts?: readonly Field[];
  /** Commands of which at least one shows the usual form. */
  readonly examples: readonly [string, string, ...string[]];
}

/** What a verb has answered. */
export interface Answer {
  /** The answer for programs: an object or an array, as the API names it. */
  readonly data: unknown;
  /** Of a list: the cursor of the next page, null if there is none. */
  readonly next?: string | null | undefined;
  /** How it reads for people. */
  view(look: Look): View;
}

interface VerbOf<Kind extends string> extends VerbText {
  readonly kind: Kind;
  readonly input: z.ZodObject;
}

/** A verb with one answer. */
export interface CallVerb extends VerbOf<'call'> {
  /** @throws ZodError for an input that is not acceptable, and the errors of the SDK. */
  run(client: Client, input: unknown, options?: CallOptions): Promise<Answer>;
}

/** A verb that goes on answering until its signal is aborted. */
export interface StreamVerb extends VerbOf<'stream'> {
  /** @throws ZodError for an input that is not acceptable, and the errors of the SDK. */
  open(client: Client, input: unknown, options?: CallOptions): AsyncGenerator<Answer, void, undefined>;
}

/** One thing that a person or an agent can do: a command and, if the server offers it, a tool. */
export type Verb = CallVerb | StreamVerb;

type FieldOf<Input> = Extract<keyof Input, string>;

interface CallDefinition<Schema extends z.ZodObject, Output>
  extends Omit<VerbText<FieldOf<z.infer<Schema>>>, 'view'> {
  readonly input: Schema;
  run(client: Client, input: z.infer<Schema>, options: CallOptions): Promise<Output>;
  view(output: Output, look: Look, input: z.infer<Schema>): View;
  /** The part of the output that programs get; all of it if left out. */
  data?(output: Output): unknown;
  /** Of a list: the cursor of the next page. */
  next?(output: Output): string | null;
}

/** Defines a verb with one answer. */
export function defineVerb<Schema extends z.ZodObject, Output>(
  definition: CallDefinition<Schema, Output>,
): CallVerb {
  const { run, view, data, next, ...text } = definition;
  return {
    ...text,
    kind: 'call',
    async run(client, raw, options = {}) {
      const input = text.input.parse(raw);
      const output = await run(client, input, options);
      return {
        data: data ? data(output) : output,
        next: next?.(output),
        view: (look) => view(output, look, input),
      };
    },
  };
}

interface StreamDefinition<Schema extends z.ZodObject, Item> extends VerbText<FieldOf<z.infer<Schema>>> {
  readonly input: Schema;
  open(client: Client, input: z.infer<Schema>, options: CallOptions): AsyncIterable<Item>;
  view(item: Item, look: Look): View;
}

/** Defines a verb that goes on answering. */
export function defineStream<Schema extends z.ZodObject, Item>(
  definition: StreamDefinition<Schema, Item>,
): StreamVerb {
  const { open, view, ...text } = definition;
  return {
    ...text,
    kind: 'stream',
    async *open(client, raw, options = {}) {
      for await (const item of open(client, text.input.parse(raw), options))
        yield { data: item, view: (look) => view(item, look) };
    },
  };
}
