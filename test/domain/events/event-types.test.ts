import { describe, expect, it } from 'vitest';
import { EVENT_KINDS, expandEventFilter, isEventType } from '../../../src/domain/events/event-types.js';

describe('the event types', () => {
  it('have a family, a name and one sentence each', () => {
    for (const [type, { meaning }] of Object.entries(EVENT_KINDS)) {
      expect(type).toMatch(/^[a-z]+\.[a-z_]+$/);
      expect(meaning).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('are not mistaken for what every object has', () => {
    expect(isEventType('task.created')).toBe(true);
    expect(['constructor', 'toString', '__proto__', ''].filter(isEventType)).toEqual([]);
  });
});

describe('a word in an event filter', () => {
  it('means one type, or all of a family', () => {
    expect(expandEventFilter('task.created')).toEqual(['task.created']);
    expect(expandEventFilter('key')).toEqual(['key.created', 'key.revoked']);
    expect(expandEventFilter('task')?.every((type) => type.startsWith('task.'))).toBe(true);
  });

  it('task.status_changed also means every narrower name of a status change', () => {
    expect(expandEventFilter('task.status_changed')).toEqual([
      'task.status_changed',
      'task.claimed',
      'task.completed',
      'task.approved',
      'task.rejected',
      'task.failed',
      'task.requeued',
      'task.cancelled',
    ]);
  });

  it('means nothing if no type has it, a half family name included', () => {
    expect(['tas', 'task.', 'TASK', '', 'task.created.', 'constructor'].map(expandEventFilter)).toEqual(
      Array(6).fill(null),
    );
  });
});
