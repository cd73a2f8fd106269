import type { ServerResponse } from 'node:http';

/**
 * Looks at a stream every so often: cuts a client off that has taken nothing from one look to the next, and otherwise
 * calls `beat`, if there is room for more. Ends with the response.
 */
export function cutOffStuckClient(
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
