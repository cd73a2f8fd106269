/**
 * A port on which no process listens: the system never assigns it, and listening on it needs privileges. A port that was free
 * a moment ago may be used by now, for example by a test file that runs at the same time.
 */
export const UNUSED_PORT = 2;
