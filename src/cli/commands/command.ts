import type { Command } from 'commander';
import { ending, type HelpText, purpose } from '../help.js';
import type { Session } from '../session/session.js';

/** A command that is no verb of the API. */
export interface LocalCommand extends HelpText {
  /** Its words: `skills install`. */
  readonly name: string;
  /** Gives a command its options and what it does. */
  define(command: Command, sessionOf: (command: Command) => Session): void;
}

interface Definition extends HelpText {
  readonly name: string;
  /** Adds options and arguments. */
  readonly options?: (command: Command) => Command;
  run(session: Session, command: Command): Promise<void>;
}

/** Defines a command. What it needs beside its options is imported when it runs, so that other commands start quickly. */
export function defineCommand({ options = (command) => command, run, ...text }: Definition): LocalCommand {
  return {
    ...text,
    define(command, sessionOf) {
      options(command.description(purpose(text)).summary(text.summary).addHelpText('after', ending(text)));
      command.action(() => run(sessionOf(command), command));
    },
  };
}
