import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttackedServer, startAttackedServer } from '../support/servers/attacked-server.js';
import { expectHarmless } from '../support/wires/expect-harmless.js';

let besieged: AttackedServer;
let id: string;

beforeAll(async () => {
  besieged = await startAttackedServer();
  const { createRecurringTask } = await besieged.admin.ask<{
    createRecurringTask: { recurringTask: { id: string } };
  }>(
    `mutation { createRecurringTask(input: { name: "rare", schedule: "0 0 * 2 5#5", template: { title: "Leap" } }) {
      recurringTask { id } errors { message }
    } }`,
  );
  id = createRecurringTask.recurringTask.id;
});

// Runs after all tests of this file.
afterAll(() => besieged.stopUnharmed());

const aliases = (count: number, field: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => `a${index}: ${field(index)}`).join(' ');

describe('a schedule that is due on a leap day with a weekday', () => {
  it.each<[string, () => string]>([
    [
      'the next runs of',
      () => `{ recurringTask(id: "${id}") { ${aliases(29, () => 'nextRuns(count: 50)')} } }`,
    ],
    [
      'the previews of',
      () =>
        `{ ${aliases(2, (index) => `previewSchedule(schedule: "0 0 * 2 ${index}#5", count: 50) { nextRuns }`)} }`,
    ],
  ])('does not keep the server busy when %s many are requested', async (_case, query) => {
    const { clients } = besieged;
    const startedAt = performance.now();
    const answers = await Promise.all(Array.from({ length: 4 }, () => clients.VIEWER.send(query())));
    for (const answer of answers) {
      expectHarmless(answer);
      expect(answer.errors).toBeUndefined();
    }
    // One of these queries took 20 seconds.
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it('is priced, so that more previews are refused', async () => {
    const query = `{ ${aliases(3, () => 'previewSchedule(schedule: "@yearly", count: 50) { nextRuns }')} }`;
    const answer = await besieged.clients.AGENT.send(query);
    expect(answer.errors?.[0]?.extensions?.code).toBe('QUERY_TOO_COMPLEX');
  });
});
