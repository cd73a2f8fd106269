import { maybeCount } from '../../verbs/fields.js';

/** MCP clients give up a call after 60 seconds by default. */
export const MAX_WAIT_SECONDS = 50;

/** How long a tool may wait. */
export const waitSeconds = maybeCount('How long to wait.', 0, MAX_WAIT_SECONDS);
