import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { withSignal, withSignals } from '../../src/kernel/with-signal.js';

const A_MINUTE = 60_000;

/** Work that ends when its signal is aborted, with the reason. */
const untilAborted = (signal: AbortSignal) =>
  new Promise<unknown>((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    signal.addEventListener('abort', () => resolve(signal.reason));
  });

describe('a signal for some work', () => {
  it('is aborted with the given one, also if that was aborted before', async () => {
    const controller = new AbortController();
    const work = withSignal(controller.signal, A_MINUTE, untilAborted);
    controller.abort('the end');
    expect(await work).toBe('the end');
    expect(await withSignal(controller.signal, A_MINUTE, untilAborted)).toBe('the end');
  });

  it('is aborted with a TimeoutError when the time is over', async () => {
    const { signal } = new AbortController();
    expect(await withSignal(signal, 1, untilAborted)).toMatchObject({ name: 'TimeoutError' });
  });

  it('leaves nothing at the given one when the work has ended or failed', async () => {
    const { signal } = new AbortController();
    await withSignal(signal, A_MINUTE, async () => 'done');
    await expect(withSignal(signal, A_MINUTE, () => Promise.reject(new Error('failed')))).rejects.toThrow(
      'failed',
    );
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('a signal of several', () => {
  it('is aborted with the first of them, and leaves nothing at any of them', async () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const signals = [one.signal, other.signal];
    const work = withSignals(signals, untilAborted);
    other.abort('the second one');
    expect(await work).toBe('the second one');
    expect(await withSignals(signals, untilAborted)).toBe('the second one');
    expect(signals.flatMap((signal) => getEventListeners(signal, 'abort'))).toEqual([]);
  });
});
