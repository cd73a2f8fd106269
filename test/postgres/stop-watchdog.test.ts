import { expect, it, onTestFinished, vi } from 'vitest';
import { createLastPatience } from '../../src/postgres/stop-watchdog.js';

it('lasts as long as the database answers, and does not begin before the stop', async () => {
  const isAnswering = vi.fn(async () => true);
  const onGivenUp = vi.fn();
  const patience = createLastPatience({ isAnswering, onGivenUp, patienceMs: 0, restMs: 1 });
  onTestFinished(() => patience.end());
  const socket = patience.openSocket();
  expect(isAnswering).not.toHaveBeenCalled();
  patience.begin();
  patience.begin();
  await vi.waitFor(() => expect(isAnswering.mock.calls.length).toBeGreaterThan(3), 20_000);
  expect(onGivenUp).not.toHaveBeenCalled();
  isAnswering.mockResolvedValue(false);
  await vi.waitFor(() => expect(onGivenUp).toHaveBeenCalledOnce(), 20_000);
  expect(socket.destroyed).toBe(true);
});
