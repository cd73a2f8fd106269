import { describe, expect, it } from 'vitest';
import { parseEventStreamQuery } from '../../../src/server/sse/event-stream-query.js';

describe('the position from which a plain event stream resumes', () => {
  it.each([
    ['', undefined, undefined],
    ['?after=a', undefined, 'a'],
    ['?after=a', '', 'a'],
    ['?after=a', 'h', 'h'],
    ['?after=a&lastEventId=l', undefined, 'l'],
    ['?after=a&lastEventId=l', 'h', 'h'],
    ['?lastEventId=', undefined, undefined],
    ['?after=a&lastEventId=', '', 'a'],
  ])('in the address "%s" with the header "%s" is %s', (search, header, after) => {
    const request = { url: `/api/events${search}`, headers: { 'last-event-id': header } };
    expect(parseEventStreamQuery(request).after).toBe(after);
  });
});
