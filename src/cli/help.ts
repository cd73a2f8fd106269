import type { Verb } from '../verbs/verb.js';
import { exitCodesText } from './failures.js';

/** What the help of a command says beside its options. */
export interface HelpText {
  readonly summary: string;
  readonly use: string;
  readonly avoid: string;
  readonly examples: readonly string[];
}

/** The purpose of a command, above its options. */
export function purpose({ summary, use, avoid }: HelpText): string {
  return `${summary}\n\n${use}\n${avoid}`;
}

/** The examples and the exit codes, below the options. */
export function ending({ examples }: HelpText): string {
  return `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}\n\nExit codes: ${exitCodesText}.\nOptions of all commands: mc --help`;
}

/** The arguments of a command: `<task> [agent]`. */
export function placesText({ places = [], input }: Verb): string {
  return places
    .map((field) => (input.shape[field]?.safeParse(undefined).success ? `[${field}]` : `<${field}>`))
    .join(' ');
}

/** What each group of commands is for. */
export const nouns: Readonly<Record<string, string>> = {
  task: 'Create, hand out, work on and follow tasks.',
  attention: 'See what a person has to look at.',
  run: 'See the attempts at all tasks.',
  question: 'See and answer the questions of agents.',
  review: 'Judge finished work.',
  agent: 'Register and manage agents.',
  cron: 'Create tasks on a schedule.',
  pipeline: 'Store and start graphs of tasks.',
  events: 'Read and follow the event log.',
  webhook: 'Deliver the event log to addresses.',
  key: 'Manage API keys.',
  jobs: "Watch and control the server's own jobs.",
  skills: 'Teach agents to use this command line.',
};

/** Pages of a few lines: `mc help agents`. */
export const topics: Readonly<Record<string, string>> = {
  agents: `An agent is a name under which work is claimed. Register it, give it a key, and let it claim:
  mc agent register scout --role coder
  mc key create "scout" --role agent --agent scout
  mc task claim --agent scout --json
A claim starts a run under a lease. The run's id proves that the agent still holds the task.
  mc task progress RUN "Reading the logs"
  mc task complete RUN --resolution "Done."
  mc task release RUN            gives it back
An agent that makes no call for ten minutes is offline, and its tasks return to the queue.
To run a program for each task: mc worker --agent scout -- ./handle.sh`,
  schedules: `A schedule is a cron expression of five fields, or English:
  0 9 * * 1-5                    at 09:00, Monday through Friday
  every weekday at 9am           the same
  every 15 minutes
Try it:    mc cron preview "every weekday at 9am" --tz Europe/Berlin
Create it: mc cron create --name standup --schedule "every weekday at 9am" --title "Daily report"
Change it: mc cron edit standup --schedule "every weekday at 8am"
Stop it:   mc cron pause standup, mc cron remove standup
Now:       mc cron fire standup
Schedules are in UTC unless --tz names a time zone.`,
  queue: `Agents get tasks in this order: priority, then due date, then age.
  mc task next scout             the task that scout would get
  mc task why TASK-42            why a task waits, and who could take it
  mc task list --status inbox,assigned --order queue
A task in the inbox goes to the first agent that asks and has all capabilities that it requires.
A task with an assignee waits for this agent. A task with dependencies waits until they are done.
Finished work waits for a verdict: mc review list, mc review approve TASK-42
After three rejections or five failed attempts a task fails: mc task retry TASK-42
Live: mc top, mc events watch --types task,run`,
};
