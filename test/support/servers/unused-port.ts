/**
 * A port that nobody listens on: the system gives it to nobody who asks for any, and who asks for it needs privileges.
 * One that was free a moment ago may be somebody's by now, say of a test file that runs beside.
 */
export const NOBODYS_PORT = 2;
