import { expect, it, onTestFinished, vi } from 'vitest';
import { createStopWatchdog } from '../../src/postgres/stop-watchdog.js';

it('checks the database only after the stop has begun, and gives it up only when it does not answer', async () => {
  const isAnswering = vi.fn(async () => true);
  const onGivenUp = vi.fn();
  const watchdog = createStopWatchdog({ isAnswering, onGivenUp, silenceMs: 0, pollMs: 1 });
  onTestFinished(() => watchdog.end());
  const socket = watchdog.openSocket();
  expect(isAnswering).not.toHaveBeenCalled();
  watchdog.start();
  watchdog.start();
  await vi.waitFor(() => expect(isAnswering.mock.calls.length).toBeGreaterThan(3), 20_000);
  expect(onGivenUp).not.toHaveBeenCalled();
  isAnswering.mockResolvedValue(false);
  await vi.waitFor(() => expect(onGivenUp).toHaveBeenCalledOnce(), 20_000);
  expect(socket.destroyed).toBe(true);
});
