import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createBatchedWrites } from '../../../src/server/websocket/batched-writes.js';

/** A connection that records what is written in one call. */
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

describe('writes of one turn of the event loop', () => {
  it('are sent at its end, in order, in one call per connection', async () => {
    const writes = createBatchedWrites();
    const connections = [new Connection(), new Connection()];
    for (const text of ['1', '2', '3']) for (const to of connections) writes.write(to, Buffer.from(text));
    expect(connections.map(({ calls }) => calls)).toEqual([[], []]);
    await turn();
    expect(connections.map(({ calls }) => calls)).toEqual([['1+2+3'], ['1+2+3']]);
  });

  it('are sent before the last of a thousand connections has written, once to each', async () => {
    const writes = createBatchedWrites();
    const connections = Array.from({ length: 1_050 }, () => new Connection());
    for (const to of connections) writes.write(to, Buffer.from('a'));
    expect(connections[0]?.calls).toEqual(['a']);
    for (const to of connections) writes.write(to, Buffer.from('b'));
    await turn();
    for (const { calls } of connections) expect(calls.join('+')).toBe('a+b');
  });

  it('report when they were sent, and later writes follow', async () => {
    const writes = createBatchedWrites();
    const connection = new Connection();
    for (const text of ['1', '2'])
      await new Promise((resolve) => writes.write(connection, Buffer.from(text), resolve));
    expect(connection.calls).toEqual(['1', '2']);
  });
});
