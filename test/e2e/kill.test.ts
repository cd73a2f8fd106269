import { describe, expect, it, vi } from 'vitest';
import { reportMs } from '../support/runner/measurements.js';
import {
  type Acknowledged,
  createAll,
  expectStored,
  lastCursor,
  readLogOfAll,
  workAs,
} from '../support/servers/acknowledged-work.js';
import { anAgent } from '../support/servers/fleet.js';
import { type RestartingServer, startRestartingServer } from '../support/servers/restarting-server.js';
import { watchOverSse, watchOverWebSocket } from '../support/wires/event-streams.js';

const kills = 10;
const plan = { batches: 20, tasksPerBatch: 20 };
const taskCount = plan.batches * plan.tasksPerBatch;

describe('a server that is killed ten times while 8 agents work', () => {
  it('loses nothing acknowledged, does nothing twice, and subscribers miss nothing', async () => {
    const server = await startRestartingServer();
    const { admin } = server;
    const agents = await Promise.all(
      Array.from({ length: 8 }, (_, index) => anAgent(admin, `agent-${index}`, 2)),
    );
    const after = await lastCursor(admin);
    const streams = [watchOverWebSocket, watchOverSse].map((watch) =>
      watch(admin, { after, reconnect: server.ready }),
    );
    const acknowledged: Acknowledged = { taskIds: [], claims: [], completions: [], isAllCreated: false };
    const work = Promise.all([
      createAll(admin, server.retryUntilAnswered, plan, acknowledged),
      ...agents.map((agent) => workAs(agent, server.retryUntilAnswered, acknowledged)),
    ]);
    await Promise.race([killAgainAndAgain(server, acknowledged), work]);
    await work;
    reportMs('start after a kill, until ready', server.startsMs.slice(1));

    expect(acknowledged.taskIds).toHaveLength(taskCount);
    await expectStored(admin, acknowledged);
    const log = await readLogOfAll(admin, { start: after, taskCount });
    for (const stream of streams) {
      await vi.waitFor(() => expect(stream.events.length).toBeGreaterThanOrEqual(log.length), 20_000);
      expect(stream.events).toEqual(log);
      expect(stream.connections()).toBeGreaterThan(kills / 2);
      stream.close();
    }
    expect(server.startsMs).toHaveLength(kills + 1);
    expect(server.logged('error')).toEqual([]);
  }, 300_000);
});

/** Kills during the work: each time after a number of acknowledgements, at a different point of the work. */
async function killAgainAndAgain(server: RestartingServer, { completions }: Acknowledged): Promise<void> {
  for (let kill = 0; kill < kills; kill += 1) {
    const enough = completions.length + 8 + ((kill * 7) % 15);
    await vi.waitFor(() => expect(completions.length).toBeGreaterThanOrEqual(enough), {
      timeout: 30_000,
      interval: 1,
    });
    await server.killAndRestart();
  }
}
