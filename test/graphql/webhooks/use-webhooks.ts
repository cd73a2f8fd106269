import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import type { LiveGraph } from '../../support/graphql/live-graph.js';
import { useTwoLiveGraphs } from '../../support/graphql/use-two-live-graphs.js';
import { startDelivery } from '../../support/graphql/webhook-delivery.js';
import { accept, type Receiver, type Reply, startReceiver } from '../../support/servers/webhook-receiver.js';

const WEBHOOK = `id url format filter document paused pauseReason cursor lagging failures lastStatus lastError createdBy { displayName }
  deliveries(first: 100) { nodes { eventId attempt status durationMs error answer } }`;

// biome-ignore lint/suspicious/noExplicitAny: answers have the shape of their query, which TypeScript doesn't know
type Answer = any;

/** What tests of webhooks call, on the first of two processes that deliver. */
export interface WebhookCalls {
  readonly here: LiveGraph;
  readonly there: LiveGraph;
  /** Starts a receiver, which is closed after the test. */
  aReceiver(reply?: Reply): Promise<Receiver>;
  create(input: Record<string, unknown>, viewer?: Viewer): Promise<Answer>;
  /** Runs a mutation that has the id of the webhook as its only argument. */
  run(mutation: string, id: string): Promise<Answer>;
  read(id: string): Promise<Answer>;
  /** Appends events about no object. */
  appendEvents(count: number): Promise<void>;
  /** Ends the backoffs, as time would. */
  endBackoff(): Promise<void>;
}

/** Opens two processes that deliver on one database. Webhooks are removed after each test. Call it once in a test file. */
export function useWebhooks(begin: (calls: WebhookCalls) => void): void {
  const deliveries: { stop(): Promise<unknown> }[] = [];
  const receivers: Receiver[] = [];
  let graphs: readonly LiveGraph[] = [];
  let here: LiveGraph;
  useTwoLiveGraphs((opened) => {
    here = opened.here;
    graphs = [opened.here, opened.there];
    begin({ ...opened, ...callsOn(here, receivers) });
  });
  beforeAll(async () => {
    for (const graph of graphs) deliveries.push(await startDelivery(graph));
  });
  afterEach(async () => {
    await here.services.sql('DELETE FROM webhooks');
    await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
  });
  afterAll(() => Promise.all(deliveries.map((delivery) => delivery.stop())));
}

function callsOn(here: LiveGraph, receivers: Receiver[]): Omit<WebhookCalls, 'here' | 'there'> {
  const { sql, database } = here.services;
  return {
    async aReceiver(reply = accept) {
      const receiver = await startReceiver(reply);
      receivers.push(receiver);
      return receiver;
    },
    async create(input, viewer) {
      const { createWebhook } = await here.get(
        `mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { ${WEBHOOK} } secret errors { code message path } } }`,
        { input },
        viewer,
      );
      expect(createWebhook.errors).toEqual([]);
      return { ...createWebhook.webhook, secret: createWebhook.secret };
    },
    async run(mutation, id) {
      const document = `mutation ($id: ID!) { answer: ${mutation}(id: $id) { webhook { ${WEBHOOK} } errors { code } } }`;
      const { answer } = await here.get(document, { id });
      expect(answer.errors).toEqual([]);
      return answer.webhook;
    },
    read: async (id) =>
      (await here.get(`query ($id: ID!) { webhook(id: $id) { ${WEBHOOK} } }`, { id })).webhook,
    async appendEvents(count) {
      await sql(
        `INSERT INTO event_outbox (type, payload) SELECT 'scheduler.paused', jsonb_build_object('job', 'x', 'message', 'event ' || i)
          FROM generate_series(1, $1::int) i`,
        [count],
      );
      database.bell.ring();
      await here.settled();
    },
    async endBackoff() {
      await sql('UPDATE webhooks SET retry_at = now()');
      await sql("INSERT INTO event_outbox (type) VALUES ('webhook.updated')");
      database.bell.ring();
    },
  };
}
