import { createServer } from 'node:http';
import { closeServer, listen } from './http-server.js';

/** A port of 127.0.0.1 that nobody listens on: the system has just given it away and got it back. */
export async function aFreePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await closeServer(server);
  return port;
}
