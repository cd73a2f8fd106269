import type { ServerResponse } from 'node:http';

/**
 * Checks a response at an interval. Disconnects a client that has read nothing between two checks, also after the response
 * was ended. Otherwise calls `beat` if the send buffer has room. Ends with the response.
 */
export function disconnectStuckClient(
  response: ServerResponse,
  everyMs: number,
  beat: () => void = () => undefined,
): void {
  let isStuck = false;
  const timer = setInterval(() => {
    const isWaiting = response.writableEnded ? !response.writableFinished : response.writableNeedDrain;
    if (isStuck && isWaiting) response.destroy();
    else if (!isWaiting && !response.writableEnded) beat();
    isStuck = isWaiting;
  }, everyMs);
  response.on('drain', () => {
    isStuck = false;
  });
  response.once('close', () => clearInterval(timer));
}
