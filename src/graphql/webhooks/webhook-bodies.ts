import type { Viewer } from '../../domain/actor.js';
import { toSlackMessage } from '../../domain/webhooks/slack-message.js';
import type { LogEntry } from '../../feed/hub.js';
import type { EventNames } from '../../services/events/event-names.js';
import { listStreamedEvents } from '../../services/events/streamed-events.js';
import type { ServiceContext } from '../../services/service-context.js';
import type { BodyWriter, OpenBodies } from '../../services/webhooks/webhook-run.js';
import { createEventWriter } from '../events/event-writer.js';
import { namedIds, toPlainEvent } from '../events/plain-event.js';

/** Selects from an event what a document asks for, with the rights of a viewer. */
export interface EventSelection {
  /** The result as JSON. */
  select(entry: LogEntry): Promise<string>;
  close(): void;
}

export interface WebhookBodyParts {
  readonly services: Pick<ServiceContext, 'database' | 'settings'>;
  readonly names: EventNames;
  readonly openSelection: (viewer: Viewer, document: string) => EventSelection;
  /** The address of this server for people, without a slash at its end. */
  readonly publicUrl: () => string;
}

/** Creates the writers of webhook bodies: the plain event, what a document selects, or a message for a chat. */
export function createWebhookBodies({
  services,
  names,
  openSelection,
  publicUrl,
}: WebhookBodyParts): OpenBodies {
  const plain = createEventWriter(names);

  async function writePlain(entry: LogEntry): Promise<string> {
    const [event] = await plain.write([entry]);
    if (event === undefined) throw new Error(`event ${entry.id} was not written`);
    return event.json;
  }

  async function writeMessage(entry: LogEntry): Promise<string> {
    const event = toPlainEvent(entry, await names.find(namedIds(entry)), true);
    return JSON.stringify(toSlackMessage(event, publicUrl()));
  }

  return ({ format, document }, viewer) => {
    const selection = document === null ? null : openSelection(viewer, document);
    const write = format === 'SLACK' ? writeMessage : (selection?.select ?? writePlain);
    const writer: BodyWriter = {
      async write(entry) {
        const visible = await listStreamedEvents(services, viewer, [entry]);
        return visible.length === 0 ? null : write(entry);
      },
      close: () => selection?.close(),
    };
    return writer;
  };
}
