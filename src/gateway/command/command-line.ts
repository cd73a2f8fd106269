import type { GatewayCall } from '../gateway.js';

/** What a program is started with. */
export interface CommandLine {
  readonly argv: readonly string[];
  /** What it gets on standard input. */
  readonly input: string;
}

/**
 * Fills `{{model}}`, `{{agent}}` and `{{soul}}` in the arguments. What has no value drops its argument, and the option
 * before it: of `--model {{model}}` neither is passed on. A standing instruction that no argument asks for stands
 * before the prompt.
 *
 * @throws RangeError for a value that the program would take for an option.
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

/** The option is its own argument only where the placeholder is the whole of the next one. */
function dropOption(argv: string[], part: string): void {
  const isWhole = part.replace(PLACEHOLDER, '') === '';
  if (isWhole && argv.length > 1 && argv.at(-1)?.startsWith('-')) argv.pop();
}

function fill(part: string, values: Values): string {
  const filled = part.replace(PLACEHOLDER, (_whole, name: Name) => values[name] ?? '');
  if (filled.startsWith('-') && !part.startsWith('-') && !placeholdersOf(part).includes('soul'))
    throw new RangeError(
      `${JSON.stringify(filled.slice(0, 80))} would be taken for an option of the program.`,
    );
  return filled;
}
