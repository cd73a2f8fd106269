import { Command } from 'commander';
import { UsageError } from './failures.js';
import { topics } from './help.js';
import { meantCommands, seeHelp } from './suggestions.js';

/** `mc help`: the help of a command, or a page of a few lines. */
export function helpCommand(program: Command): Command {
  return new Command('help')
    .description(`Shows the help of a command, or a page: ${Object.keys(topics).join(', ')}.`)
    .argument('[words...]', 'The words of a command, or the name of a page.')
    .action((words: string[]) => {
      const topic = topics[words.join(' ')];
      if (topic !== undefined) return void process.stdout.write(`${topic}\n`);
      const found = words.reduce<Command | undefined>(
        (command, word) => command?.commands.find((inner) => inner.name() === word),
        program,
      );
      if (found === undefined) throw unknownPage(program, words);
      found.outputHelp();
    });
}

function unknownPage(program: Command, words: readonly string[]): UsageError {
  const meant = meantCommands(program, words, Object.keys(topics));
  return new UsageError(`There is no command "${words.join(' ')}".${meant} ${seeHelp(program, words)}`);
}
