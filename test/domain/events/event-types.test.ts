import { describe, expect, it } from 'vitest';
import { EVENT_KINDS, expandEventFilter, isEventType } from '../../../src/domain/events/event-types.js';

describe('the event types', () => {
  it('have a family, a name and one sentence each', () => {
    for (const [type, { meaning }] of Object.entries(EVENT_KINDS)) {
      expect(type).toMatch(/^[a-z]+\.[a-z_]+$/);
      expect(meaning).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('do not include the properties that every object has', () => {
    expect(isEventType('task.created')).toBe(true);
    expect(['constructor', 'toString', '__proto__', ''].filter(isEventType)).toEqual([]);
  });
});

describe('a word in an event filter', () => {
  it('is one type, or all types of a family', () => {
    expect(expandEventFilter('task.created')).toEqual(['task.created']);
    expect(expandEventFilter('key')).toEqual(['key.created', 'key.revoked']);
    expect(expandEventFilter('task')?.every((type) => type.startsWith('task.'))).toBe(true);
  });

  it('task.status_changed includes every more specific type of a status change', () => {
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

  it('is null if no type has it, even for part of a family name', () => {
    expect(['tas', 'task.', 'TASK', '', 'task.created.', 'constructor'].map(expandEventFilter)).toEqual(
      Array(6).fill(null),
    );
  });
});
