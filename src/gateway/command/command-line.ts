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
 * before the prompt.
 *
 * @throws RangeError for a value that the program would read as an option.
 */
export function fillCommandLine(template: readonly string[], call: GatewayCall): CommandLine {
  const values: Values = {
    model: call.model,
    agent: call.gatewayAgentId ?? call.agentName,
    soul: call.soul,
  };
  const argv: string[] = [];
  for (const [index, part] of template.entries()) {
    const names = placeholdersOf(part);
    const isWithout = names.some((name) => values[name] === null);
    if (isWithout && index > 0) dropOption(argv, part);
    else argv.push(fill(part, values));
  }
  const takesSoul = template.some((part) => placeholdersOf(part).includes('soul'));
  const input = takesSoul || call.soul === null ? call.prompt : `${call.soul}\n\n${call.prompt}`;
  return { argv, input };
}

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
  const filled = part.replace(PLACEHOLDER, (_whole, name: Name) => values[name] ?? '');
  if (filled.startsWith('-') && !part.startsWith('-') && !placeholdersOf(part).includes('soul'))
    throw new RangeError(`The program would read ${JSON.stringify(filled.slice(0, 80))} as an option.`);
  return filled;
}
