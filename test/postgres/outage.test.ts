import { describe, expect, it } from 'vitest';
import { StatementCut } from '../../src/kernel/statement-cut.js';
import { isOutage } from '../../src/postgres/outage.js';

const error = (facts: object, message = 'It failed') => Object.assign(new Error(message), facts);

describe('an outage', () => {
  it.each([
    ['a refused connection', error({ code: 'ECONNREFUSED' })],
    ['a missing socket', error({ code: 'ENOENT', syscall: 'connect' })],
    [
      'a missing socket, from Prisma',
      error({ code: 'ENOENT' }, 'Invalid invocation\nconnect ENOENT /x/.s.PGSQL.5432'),
    ],
    ['a shutdown', error({ code: '57P01', severity: 'FATAL' })],
    ['a start that is not finished', error({ code: '57P03' })],
    ['a database that refuses connections', error({ code: '55000', severity: 'FATAL' })],
    ['a lost connection', error({ code: '08006' })],
    ['too many connections', error({ code: '53300' })],
    ['a statement that takes too long', error({ code: '57014', severity: 'ERROR' })],
    ['a full disk', error({ code: '53100', severity: 'ERROR' })],
    ['a machine without memory', error({ code: '53200', severity: 'ERROR' })],
    ['a file that can not be read', error({ code: '58030', severity: 'ERROR' })],
    ['a server that only accepts reads', error({ code: '25006', severity: 'ERROR' })],
    ['a connect without file descriptors', error({ code: 'EMFILE', syscall: 'connect' })],
    [
      "Prisma's code for an error that it does not know",
      error({
        code: 'P2039',
        meta: { driverAdapterError: error({ cause: { kind: 'postgres', code: '57P03' } }) },
      }),
    ],
    ['a terminated connection', new Error('Connection terminated unexpectedly')],
    ['a pool that has no connection in time', new Error('timeout exceeded when trying to connect')],
    ['a pool that was closed by a stop', new Error('Cannot use a pool after calling end on the pool')],
    ["Prisma's code for it", error({ code: 'P1017' })],
    [
      "a shutdown that Prisma's adapter reports",
      error({ code: 'P2039', meta: { driverAdapterError: error({ cause: { code: '57P01' } }) } }),
    ],
    ['a wrapped outage', new Error('A read failed', { cause: error({ code: 'ECONNRESET' }) })],
    ['several addresses that all refuse', new AggregateError([error({ code: 'ECONNREFUSED' })])],
  ])('is %s', (_, value) => {
    expect(isOutage(value)).toBe(true);
  });

  it.each([
    ['a syntax error in a statement', error({ code: '42601', severity: 'ERROR' })],
    ['a unique violation', error({ code: '23505', severity: 'ERROR' })],
    [
      "a violation that Prisma's adapter reports",
      error({ code: 'P2039', meta: { driverAdapterError: error({ cause: { code: '23514' } }) } }),
    ],
    [
      'a read that was cut because the caller asked for too much',
      new StatementCut(5_000, { cause: error({ code: '57014' }) }),
    ],
    ['a missing file', error({ code: 'ENOENT', syscall: 'open' })],
    [
      "Prisma's code for a mistake in a statement",
      error({
        code: 'P2039',
        meta: { driverAdapterError: error({ cause: { kind: 'postgres', code: '42601' } }) },
      }),
    ],
    ['a bug in the code', new TypeError('undefined is not a function')],
    ['nothing', undefined],
    ['a text', 'ECONNREFUSED'],
  ])('is not %s', (_, value) => {
    expect(isOutage(value)).toBe(false);
  });

  it('is not found without end in an error that is its own cause', () => {
    const loop = new Error('round');
    loop.cause = loop;
    expect(isOutage(loop)).toBe(false);
  });
});
