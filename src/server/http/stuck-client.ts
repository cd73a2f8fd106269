import type { ServerResponse } from 'node:http';

/**
 * Checks a stream at an interval. Disconnects a client that has read nothing between two checks. Otherwise calls `beat` if
 * the send buffer has room. Ends with the response.
 */
export function disconnectStuckClient(
  response: ServerResponse,
  everyMs: number,
  beat: () => void = () => undefined,
): void {
  let isStuck = false;
  const timer = setInterval(() => {
    if (!response.writableNeedDrain) beat();
    else if (isStuck) response.destroy();
    isStuck = response.writableNeedDrain;
  }, everyMs);
  response.on('drain', () => {
    isStuck = false;
  });
  response.once('close', () => clearInterval(timer));
}
