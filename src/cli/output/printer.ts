import type { Environment } from '../../config/variables.js';
import type { Look, View } from '../../verbs/looks/look.js';
import type { Answer } from '../../verbs/verb.js';
import { CommandError, type Failure, UsageError } from '../failures.js';
import type { GlobalOptions } from '../session/connection.js';
import { fieldsTable, pickFields } from './fields.js';
import { hasColours, lookOf, printable, viewLines } from './terminal.js';

/** Writes answers to standard output and everything else to standard error. */
export interface Printer {
  /** Whether answers are JSON. */
  readonly isJson: boolean;
  /** The look of standard output. */
  readonly look: () => Look;
  /** Prints an answer. Resolves when it was handed to the operating system. */
  answer(answer: Answer): Promise<void>;
  /** Prints one entry of a stream. */
  entry(answer: Answer): Promise<void>;
  /** Prints a view that is no answer for programs. */
  view(view: View): Promise<void>;
  /** Prints a text as it is. */
  text(text: string): Promise<void>;
  /** Tells the user something beside the answer. */
  note(text: string): void;
  /** Reports a failure. */
  failure(failure: Failure): void;
}

/** The printer of a command. @throws UsageError for options that contradict each other. */
export function createPrinter(options: GlobalOptions, env: Environment): Printer {
  const { stdout, stderr } = process;
  if (options.json && options.plain) throw new UsageError('--json and --plain exclude each other.');
  const isJson = options.json ?? (options.plain ? false : !stdout.isTTY);
  const fields =
    options.fields
      ?.split(',')
      .map((field) => field.trim())
      .filter(Boolean) ?? [];
  const look = () => lookOf(hasColours(stdout, env, options.color !== false));
  const errorLook = lookOf(hasColours(stderr, env, options.color !== false));

  const note = (text: string) => void stderr.write(`${printable(errorLook.paint('quiet', text))}\n`);
  const print = async ({ parts, hint }: View) => {
    const columns = stdout.isTTY ? stdout.columns : undefined;
    const text = viewLines({ parts }, columns)
      .map((line) => `${printable(line)}\n`)
      .join('');
    await write(text);
    if (hint !== undefined) note(hint);
  };
  const show = (answer: Answer, indent: number) => {
    const data = fields.length > 0 ? pickFields(answer.data, fields) : answer.data;
    if (isJson) return write(`${toJson(data, indent)}\n`);
    return print(fields.length > 0 ? { parts: [fieldsTable(data, fields)] } : answer.view(look()));
  };
  return {
    isJson,
    look,
    answer: (answer) => show(answer, stdout.isTTY ? 2 : 0),
    entry: (answer) => show(answer, 0),
    view: print,
    text: write,
    note,
    failure: (failure) =>
      void stderr.write(options.json ? `${toJson(asJson(failure), 0)}\n` : failureText(failure, errorLook)),
  };
}

/** A failure without a printer, when the options themselves are wrong. */
export function failureText({ message, remedy }: Failure, look: Look): string {
  const [first = '', ...rest] = printable(message).split('\n');
  const lines = [`${look.paint('bad', '✕')} ${first}`, ...rest, ...(remedy === undefined ? [] : [remedy])];
  return `${lines.join('\n')}\n`;
}

function asJson({ code, message, remedy, exitCode, facts }: Failure) {
  return { error: { code, message, ...(remedy === undefined ? {} : { remedy }), ...facts, exitCode } };
}

/** JSON in which no character makes a terminal do anything. */
function toJson(data: unknown, indent: number): string {
  return JSON.stringify(data, toPlain, indent).replace(
    /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Errors inside of notices have no enumerable message. */
function toPlain(_name: string, value: unknown): unknown {
  return value instanceof Error ? { name: value.name, message: value.message } : value;
}

/** Resolves when the text was handed to the operating system, so that a cursor is not kept before its event is out. */
function write(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (cause) => {
      if (!cause) return resolve();
      const message = `The answer cannot be written: ${cause.message}`;
      reject(new CommandError(message, { code: 'OUTPUT_NOT_WRITTEN', cause }));
    });
  });
}
