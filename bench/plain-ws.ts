import { createServer } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';

/** The baseline of fan-out: `ws` broadcasts to all connections as in its README. */
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    response.end();
    broadcast(Buffer.concat(chunks));
  });
});

function broadcast(message: Buffer): void {
  for (const socket of sockets.clients) socket.send(message, { binary: false });
}

server.on('upgrade', (request, connection, head) => {
  sockets.handleUpgrade(request, connection, head, (socket: WebSocket) =>
    socket.on('error', () => undefined),
  );
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object')
    process.stdout.write(`http://127.0.0.1:${address.port}/graphql\n`);
});
