/**
 * Which commands a command line may name, so that the others need no options. Options for all commands take a tenth of the
 * processor time of a short command.
 *
 * @param names - the names of all commands: `task list`, `top`.
 * @returns whether a command is needed. All are for a command line that names none of them, and for help and completion.
 */
export function neededCommands(names: readonly string[], args: readonly string[]): (name: string) => boolean {
  const words = new Set(args);
  const groups = new Set(names.filter((name) => isNamed(name, words)).map((name) => firstWord(name)));
  const isAll =
    words.has('help') || words.has('completion') || !names.some((name) => words.has(firstWord(name)));
  return (name) => {
    if (isAll) return true;
    const first = firstWord(name);
    return groups.has(first) ? isNamed(name, words) : words.has(first);
  };
}

function isNamed(name: string, words: ReadonlySet<string>): boolean {
  return name.split(' ').every((word) => words.has(word));
}

function firstWord(name: string): string {
  return name.split(' ', 1)[0] ?? '';
}
