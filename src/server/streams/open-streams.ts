import { toItemSource } from '../../kernel/item-source.js';
import type { Stage } from '../../kernel/item-stream.js';
import type { PullStream } from '../../kernel/pull-stream.js';

/** The subscriptions that are open in this process, over every transport. */
export interface OpenStreams<Output> {
  /**
   * Opens a stream of what the stage makes of the source's items. It also ends when the signal is aborted or when
   * `endAll` is called. The source and the stage are closed with it.
   */
  open<Item>(
    source: AsyncIterable<Item>,
    signal: AbortSignal,
    stage: Stage<Item, Output>,
  ): PullStream<Output>;
  /** Completes every open stream, and every one that is opened from now on, with a last output that says why. */
  endAll(last: Output): void;
}

/** Calls `onChange` with the number of open streams after each change. */
export function createOpenStreams<Output>(
  onChange: (open: number) => void = () => undefined,
): OpenStreams<Output> {
  const streams = new Set<{ end(last?: Output): void }>();
  let lastOfAll: Output | undefined;
  return {
    open(source, signal, stage) {
      const stream = toItemSource(source).open(stage, signal, () => {
        if (streams.delete(stream)) onChange(streams.size);
      });
      streams.add(stream);
      onChange(streams.size);
      if (lastOfAll !== undefined || signal.aborted) stream.end(lastOfAll);
      return stream;
    },
    endAll(last) {
      lastOfAll = last;
      for (const stream of streams) stream.end(last);
    },
  };
}
