import type { RecurringTaskFieldsFragment } from '../../sdk/index.js';
import { maybeOneOf, maybeText, text } from '../fields.js';
import { done, type Look } from '../looks/look.js';
import { momentIn } from '../looks/times.js';
import { toAgentRef } from '../refs.js';
import { type Template, template } from '../template.js';

const templateNames = Object.keys(template) as (keyof typeof template)[];

/** A recurring task, by name or id. */
export const recurring = text('The recurring task: its name or its id (rec_…).');

/** The rules of a schedule. */
export const when = {
  timeZone: maybeText('The time zone of the schedule: Europe/Berlin. The default is UTC.'),
  catchUp: maybeOneOf(
    ['SKIP', 'LATEST', 'ALL'],
    'What happens to due times that pass while no server is running.',
  ),
  overlap: maybeOneOf(
    ['ALLOW', 'SKIP', 'REPLACE'],
    'What happens at a due time while an earlier task is still open.',
  ),
};

/** One line about a recurring task that has changed, with its next times. */
export function recurringDone(
  look: Look,
  changed: RecurringTaskFieldsFragment,
  next: readonly string[],
): string {
  const times = next.slice(0, 3).map((at) => momentIn(changed.timeZone, at));
  const text = changed.scheduleText.replace(/^./, (first) => first.toLowerCase());
  const then = times.length > 0 ? `. Next: ${times.join(', ')}` : '';
  const state = changed.paused ? ' (paused)' : '';
  return done(look, `${look.paint('strong', changed.name)}${state}: ${text} (${changed.timeZone})${then}`);
}

/** The fields of a template that an edit names. */
type Changes = { readonly [Key in keyof Template]?: Template[Key] | undefined };

/** Whether an edit concerns the template. */
export function hasTemplate(given: Changes): boolean {
  return templateNames.some((name) => given[name] !== undefined);
}

/** The fields of an edit that are none of the template. */
export function omitTemplate<Given extends Changes>(given: Given): Omit<Given, keyof Template> {
  const rest: Partial<Given> = { ...given };
  for (const name of templateNames) delete rest[name];
  return rest as Omit<Given, keyof Template>;
}

/** An edit replaces the whole template, so what is not given is taken from the present one. */
export function mergeTemplate({ template: present }: RecurringTaskFieldsFragment, given: Changes) {
  const assignee = given.assignee === undefined ? present.assignee : toAgentRef(given.assignee);
  return {
    title: given.title ?? present.title,
    description: given.description ?? present.description,
    priority: given.priority ?? present.priority,
    tags: given.tags ?? present.tags,
    requires: given.requires ?? present.requires,
    reviewPolicy: given.reviewPolicy ?? present.reviewPolicy,
    dueIn: given.dueIn ?? present.dueIn,
    metadata: given.metadata ?? present.metadata,
    assignee: assignee && ('name' in assignee && 'id' in assignee ? { id: assignee.id } : assignee),
  };
}
