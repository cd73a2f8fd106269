import type { Command, CommanderError } from 'commander';
import { findClosest } from '../kernel/closest-match.js';
import { UsageError } from './failures.js';

/** The refusal of what could not be read: what is wrong, what was probably meant, and where the help is. */
export function toUsage(error: CommanderError, program: Command): UsageError {
  return new UsageError(textOf(error, program), { cause: error });
}

function textOf({ code, message }: CommanderError, program: Command): string {
  if (message === '(outputHelp)') return `Which command? ${seeHelp(program, program.args)}`;
  const [what = '', meant] = message.replace(/^error: /, '').split(/\n\((Did you mean .+\?)\)$/);
  const said = `${what.replace(/\.$/, '')}.`;
  if (meant !== undefined) return `${said} ${meant}`;
  return `${said}${adviceFor(code, what, program)} ${seeHelp(program, program.args)}`;
}

function adviceFor(code: string, what: string, program: Command): string {
  if (code === 'commander.excessArguments' && !what.includes('Expected 0'))
    return ' A text with spaces needs quotation marks.';
  const isFirstWord = code === 'commander.unknownCommand' && commandAt(program, program.args) === program;
  return isFirstWord ? meantCommands(program, program.args) : '';
}

/** Where the help of the command is that the words begin with. */
export function seeHelp(program: Command, words: readonly string[]): string {
  const command = commandAt(program, words);
  const names = [command, command.parent].filter((each) => each && each !== program);
  const name = names.map((each) => each?.name()).reverse();
  return command.commands.length > 0
    ? `See: ${['mc help', ...name].join(' ')}`
    : `See: ${['mc', ...name].join(' ')} --help`;
}

function commandAt(command: Command, [first, ...rest]: readonly string[]): Command {
  const inner = command.commands.find((each) => each.name() === first);
  return inner === undefined ? command : commandAt(inner, rest);
}

/**
 * Which command some words may stand for: a misspelt one, one without its noun (`claim`), one in the order of a sentence
 * (`list tasks`). Empty if there is none.
 *
 * @param others - more names that may have been meant.
 */
export function meantCommands(
  program: Command,
  [first = '', second = '']: readonly string[],
  others: readonly string[] = [],
): string {
  const noun = closestOf(first, [...namesIn(program), ...others]);
  if (noun !== undefined) {
    const group = program.commands.find((command) => command.name() === noun);
    const verb = group && closestOf(second, namesIn(group));
    if (verb !== undefined) return didYouMean([`${noun} ${verb}`]);
    return didYouMean(noun === first ? [] : [noun]);
  }
  const verb = closestOf(first, program.commands.flatMap(namesIn));
  const nouns = program.commands.filter((group) => verb !== undefined && namesIn(group).includes(verb));
  const meant = closestOf(
    second,
    nouns.map((group) => group.name()),
  );
  return didYouMean(
    (meant === undefined ? nouns.map((group) => group.name()) : [meant]).map((each) => `${each} ${verb}`),
  );
}

function namesIn(group: Command): string[] {
  return group.commands.map((command) => command.name());
}

/** The one of some words that was probably meant: it begins with what was written, or is spelt almost the same. */
export function closestOf(word: string, words: readonly string[]): string | undefined {
  const beginning = word.length > 1 ? words.filter((each) => each.startsWith(word)) : [];
  return beginning.length === 1 ? beginning[0] : findClosest(word, words);
}

/** ` Did you mean this or that?`; empty without a suggestion. */
export function didYouMean(names: readonly (string | undefined)[]): string {
  const known = names.filter((name) => name !== undefined);
  return known.length === 0 ? '' : ` Did you mean ${known.join(' or ')}?`;
}
