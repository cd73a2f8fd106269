import type { GatewayCall } from '../gateway.js';

/** The arguments and the input of a program. */
export interface CommandLine {
  readonly argv: readonly string[];
  /** The program's standard input. */
  readonly input: string;
}

/**
 * Fills `{{model}}`, `{{agent}}` and `{{soul}}` in the arguments. An argument whose placeholder has no value is dropped, with
 * the option before it: of `--model {{model}}` neither is passed. If no argument contains the standing instruction, it is put
 * before the prompt. So is one that is longer than an argument may be. One that begins like an option gets a line break
 * before it: Markdown often begins with a dash, and to its reader the line break changes nothing.
 *
 * @throws RangeError for a value that the program would read as an option.
 */
export function fillCommandLine(template: readonly string[], call: GatewayCall): CommandLine {
  const agent = call.gatewayAgentId ?? call.agentName;
  const all: Values = { model: call.model, agent, soul: call.soul };
  const takesSoul = template.some((part) => placeholdersOf(part).includes('soul'));
  const fits = template.every((part) => Buffer.byteLength(replace(part, all)) < MAX_ARGUMENT_BYTES);
  const values = fits ? all : { ...all, soul: null };
  const argv: string[] = [];
  for (const [index, part] of template.entries()) {
    const names = placeholdersOf(part);
    const isWithout = names.some((name) => values[name] === null);
    if (isWithout && index > 0) dropOption(argv, part);
    else argv.push(fill(part, values));
  }
  const input = (takesSoul && fits) || call.soul === null ? call.prompt : `${call.soul}\n\n${call.prompt}`;
  return { argv, input };
}

/** Linux refuses to start a program with a longer argument (MAX_ARG_STRLEN, with the byte at its end and a line break). */
const MAX_ARGUMENT_BYTES = 128 * 1024 - 1;

type Name = 'model' | 'agent' | 'soul';
type Values = Readonly<Record<Name, string | null>>;

const PLACEHOLDER = /\{\{(model|agent|soul)\}\}/g;

function placeholdersOf(part: string): Name[] {
  return [...part.matchAll(PLACEHOLDER)].map(([, name]) => name as Name);
}

/** The option is an argument of its own only if the placeholder is the whole next argument. */
function dropOption(argv: string[], part: string): void {
  const isWhole = part.replace(PLACEHOLDER, '') === '';
  if (isWhole && argv.length > 1 && argv.at(-1)?.startsWith('-')) argv.pop();
}

function fill(part: string, values: Values): string {
  const filled = replace(part, values);
  if (!filled.startsWith('-') || part.startsWith('-')) return filled;
  if (part.startsWith('{{soul}}')) return `\n${filled}`;
  throw new RangeError(`The program would read ${JSON.stringify(filled.slice(0, 80))} as an option.`);
}

function replace(part: string, values: Values): string {
  return part.replace(PLACEHOLDER, (_whole, name: Name) => values[name] ?? '');
}
