import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { updateTask } from '../../../src/services/tasks/update-task.js';
import { anAgent, aTaskIn } from '../../support/factories/factory.js';
import { type EventServer, openEventServer } from './event-server.js';

let live: EventServer;

beforeAll(async () => {
  live = await openEventServer();
});

afterAll(() => live.close());

describe('GET /api/events?types=task,agent', () => {
  it('sends an event for each step in the life of a task and of an agent', async () => {
    const { services } = live.graph;
    const reader = await live.read('?types=task,agent');
    const agent = await anAgent(services);
    const { id } = await aTaskIn(services, 'REVIEW', agent);
    await updateTask(services, services.admin, { task: { id }, title: 'Renamed' });
    const types = () => new Set(reader.events().map(({ type }) => type));
    await vi.waitFor(() => expect(types()).toContain('task.updated'), 60_000);
    expect(types()).toEqual(
      new Set([
        ...['agent.created', 'agent.status_changed'],
        ...['task.created', 'task.assigned', 'task.claimed', 'task.completed', 'task.updated'],
      ]),
    );
  });

  it('forbids proxies to compress the stream, which would hold its events back', async () => {
    const { headers } = await live.read('?types=task,agent');
    expect(headers['cache-control']).toBe('no-store, no-transform');
  });
});
