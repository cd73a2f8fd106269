import type * as z from 'zod';
import { maybeObject, maybeOneOf, maybeText, maybeWords, PRIORITIES, text } from './fields.js';
import { toAgentRef } from './refs.js';

/** The fields of a template, which are given beside those of the schedule: a command line has no objects. */
export const template = {
  title: text('The title of its tasks.'),
  description: maybeText('What its tasks say, in Markdown.'),
  priority: maybeOneOf(PRIORITIES, 'How urgent its tasks are. The default is MEDIUM.'),
  assignee: maybeText('The agent that gets its tasks. If left out, any agent may claim them.'),
  tags: maybeWords('Labels of its tasks.'),
  requires: maybeWords('Capabilities that an agent must have to get its tasks.'),
  reviewPolicy: maybeOneOf(['REQUIRED', 'SKIP'], 'Whether finished work needs a verdict.'),
  dueIn: maybeText('The time from the due time of the schedule to the due date of the task: 4h or PT4H.'),
  metadata: maybeObject('Your own data for its tasks.'),
};

/** A template as it is given. */
export type Template = z.infer<z.ZodObject<typeof template>>;

/** The template of the API. */
export function toTemplate({ assignee, ...rest }: Template) {
  return { ...rest, assignee: assignee === undefined ? undefined : toAgentRef(assignee) };
}
