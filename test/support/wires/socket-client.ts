import { createClient, type Client as SocketClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { bearer, type Client } from '../servers/client.js';

/** The graphql-ws client that Apollo Client and urql are given for subscriptions. */
export function createSocketClient(client: Client): SocketClient {
  return createClient({
    url: `${client.url().replace(/^http/, 'ws')}/graphql`,
    connectionParams: bearer(client.secret),
    webSocketImpl: WebSocket,
  });
}
