import { describe, expect, it } from 'vitest';
import { isOutage } from '../../src/postgres/outage.js';

const error = (facts: object, message = 'It failed') => Object.assign(new Error(message), facts);

describe('an outage', () => {
  it.each([
    ['a refused connection', error({ code: 'ECONNREFUSED' })],
    ['a socket that is gone', error({ code: 'ENOENT', syscall: 'connect' })],
    ['a shutdown', error({ code: '57P01', severity: 'FATAL' })],
    ['a start that is not over', error({ code: '57P03' })],
    ['a database that lets nobody in', error({ code: '55000', severity: 'FATAL' })],
    ['a lost connection', error({ code: '08006' })],
    ['too many connections', error({ code: '53300' })],
    ['a connection that broke off', new Error('Connection terminated unexpectedly')],
    ['a pool that has no connection in time', new Error('timeout exceeded when trying to connect')],
    ['what Prisma says of it', error({ code: 'P1017' })],
    ['what is wrapped', new Error('A read failed', { cause: error({ code: 'ECONNRESET' }) })],
    ['several addresses that all refuse', new AggregateError([error({ code: 'ECONNREFUSED' })])],
  ])('is %s', (_, told) => {
    expect(isOutage(told)).toBe(true);
  });

  it.each([
    ['a fault of a statement', error({ code: '42601', severity: 'ERROR' })],
    ['a row that is there already', error({ code: '23505', severity: 'ERROR' })],
    ['a statement that takes too long', error({ code: '57014', severity: 'ERROR' })],
    ['a file that is not there', error({ code: 'ENOENT', syscall: 'open' })],
    ['a fault of the code', new TypeError('undefined is not a function')],
    ['nothing', undefined],
    ['a text', 'ECONNREFUSED'],
  ])('is not %s', (_, told) => {
    expect(isOutage(told)).toBe(false);
  });

  it('ends the search in an error that is its own cause', () => {
    const loop = new Error('round');
    loop.cause = loop;
    expect(isOutage(loop)).toBe(false);
  });
});
