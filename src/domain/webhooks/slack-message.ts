import { EVENT_KINDS, isEventType } from '../events/event-types.js';

/** What a message tells of an event. */
export interface ToldEvent {
  readonly type: string;
  readonly actor: { readonly displayName: string };
  readonly task: { readonly ref: string } | null;
  readonly agent: { readonly name: string } | null;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** The payload fields that say more than the type, in the order of the message. */
const TOLD_FIELDS = ['reason', 'message'] as const;

const MAX_FIELD_LENGTH = 300;

/**
 * The message of an event for a chat: a line for people with a link to the task.
 * @param publicUrl - the address of this server for people, without a slash at its end.
 */
export function toSlackMessage(event: ToldEvent, publicUrl: string): { readonly text: string } {
  const { type, task, agent, actor, payload } = event;
  const meaning = isEventType(type) ? EVENT_KINDS[type].meaning : type;
  const subject = task === null ? agent?.name : `<${publicUrl}/tasks/${task.ref}|${task.ref}>`;
  const { from, to } = payload;
  const parts = [
    `${subject === undefined ? '' : `${task === null ? escapeText(subject) : subject}: `}${escapeText(meaning)}`,
    typeof from === 'string' && typeof to === 'string' ? `${from} → ${to}` : null,
    ...TOLD_FIELDS.map((name) => toText(payload[name])),
    `by ${escapeText(actor.displayName)}`,
  ];
  return { text: parts.filter((part) => part !== null).join(' · ') };
}

function toText(value: unknown): string | null {
  if (typeof value !== 'string' || value === '') return null;
  const line = value.replaceAll(/\s+/g, ' ').trim();
  return escapeText(line.length <= MAX_FIELD_LENGTH ? line : `${line.slice(0, MAX_FIELD_LENGTH - 1)}…`);
}

/** Text of an agent must not become a link or a mention of everybody. */
function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
