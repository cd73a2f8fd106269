import { Argument, type Command } from 'commander';
import { defineCommand } from './command.js';

const shells = ['bash', 'zsh', 'fish'] as const;

export const completion = defineCommand({
  name: 'completion',
  summary: 'Prints the completion of commands and options for a shell.',
  use: 'Use it once: put its output where your shell finds completions.',
  avoid: 'It completes no refs and names, which would need a request for each key.',
  examples: ['source <(mc completion bash)', 'mc completion fish > ~/.config/fish/completions/mc.fish'],
  options: (command) => command.addArgument(new Argument('<shell>', 'The shell.').choices(shells)),
  async run({ printer }, command) {
    const words = wordsOf(command.parent ?? command);
    const script = { bash, zsh, fish }[command.args[0] as (typeof shells)[number]];
    await printer.text(script(words));
  },
});

/** The words that may follow each beginning of a command: `task` → create, list, …. */
type Words = ReadonlyMap<string, readonly string[]>;

function wordsOf(program: Command): Words {
  const words = new Map<string, readonly string[]>();
  const visit = (command: Command, path: string) => {
    const options = command.options.filter(({ hidden }) => !hidden).map(({ long }) => long ?? '');
    words.set(path, [...command.commands.map((inner) => inner.name()), ...options, '--help']);
    for (const inner of command.commands)
      visit(inner, path === '' ? inner.name() : `${path} ${inner.name()}`);
  };
  visit(program, '');
  return words;
}

function bash(words: Words): string {
  const cases = [...words].map(([path, next]) => `    '${path}') words='${next.join(' ')}' ;;`);
  return `# bash completion of mc
_mc() {
  local words path='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) break ;; esac
    path="\${path:+$path }$word"
  done
  case "$path" in
${cases.join('\n')}
    *) words='--json --plain --fields --help' ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _mc mc mission-control
`;
}

/** zsh runs completions of bash. */
function zsh(words: Words): string {
  return `#compdef mc mission-control
autoload -U +X bashcompinit && bashcompinit
${bash(words)}`;
}

function fish(words: Words): string {
  const lines = [...words].flatMap(([path, next]) => {
    const seen = path === '' ? '__fish_use_subcommand' : `__mc_at '${path}'`;
    return next.map((word) =>
      word.startsWith('--')
        ? `complete -c mc -n "${seen}" -l ${word.slice(2)}`
        : `complete -c mc -f -n "${seen}" -a ${word}`,
    );
  });
  return `# fish completion of mc
function __mc_at
  set -l words (string match -v -- '-*' (commandline -opc)[2..-1])
  test "$words" = "$argv[1]"
end
${lines.join('\n')}
`;
}
