import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createOutbox } from '../../../src/server/websocket/batched-writes.js';

/** A connection that notes what leaves in one call. */
class Connection extends Duplex {
  readonly calls: string[] = [];

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.calls.push(String(chunk));
    done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.calls.push(chunks.map(({ chunk }) => String(chunk)).join('+'));
    done();
  }
}

const turn = () => new Promise(setImmediate);

describe('what is written in one turn of the event loop', () => {
  it('leaves at its end, in order, and for each connection in one call', async () => {
    const outbox = createOutbox();
    const connections = [new Connection(), new Connection()];
    for (const text of ['1', '2', '3']) for (const to of connections) outbox.write(to, Buffer.from(text));
    expect(connections.map(({ calls }) => calls)).toEqual([[], []]);
    await turn();
    expect(connections.map(({ calls }) => calls)).toEqual([['1+2+3'], ['1+2+3']]);
  });

  it('does not wait for the last of a thousand connections, and reaches each once', async () => {
    const outbox = createOutbox();
    const connections = Array.from({ length: 1_050 }, () => new Connection());
    for (const to of connections) outbox.write(to, Buffer.from('a'));
    expect(connections[0]?.calls).toEqual(['a']);
    for (const to of connections) outbox.write(to, Buffer.from('b'));
    await turn();
    for (const { calls } of connections) expect(calls.join('+')).toBe('a+b');
  });

  it('tells when it has left, and goes on for those that come later', async () => {
    const outbox = createOutbox();
    const connection = new Connection();
    for (const text of ['1', '2'])
      await new Promise((resolve) => outbox.write(connection, Buffer.from(text), resolve));
    expect(connection.calls).toEqual(['1', '2']);
  });
});
