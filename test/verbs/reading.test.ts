import { describe, expect, it } from 'vitest';
import { fromBody } from '../../src/verbs/body.js';
import { coerceInput } from '../../src/verbs/coerce.js';
import { verbOf } from '../../src/verbs/registry.js';

const read = (name: string, body: Record<string, unknown>) => {
  const { input } = verbOf(name);
  return input.parse(coerceInput(input, fromBody(input, body)));
};

describe('the input of a verb', () => {
  it("takes the guide's names and values", () => {
    expect(
      read('cron create', {
        name: 'daily-standup-report',
        schedule: '0 9 * * 1-5',
        task_template: { title: 'Generate daily standup report', priority: 'medium', assigned_to: 'iris' },
      }),
    ).toEqual({
      name: 'daily-standup-report',
      schedule: '0 9 * * 1-5',
      title: 'Generate daily standup report',
      priority: 'MEDIUM',
      assignee: 'iris',
    });
  });

  it('takes the names of the API, and those of templates inside of steps', () => {
    const steps = [{ key: 'build', template: { title: 'Build', assigned_to: 'scout', priority: 'high' } }];
    expect(read('pipeline save', { name: 'release', steps })).toEqual({
      name: 'release',
      steps: [{ key: 'build', template: { title: 'Build', assignee: 'scout', priority: 'HIGH' } }],
    });
  });

  it("leaves the names inside the caller's own data alone", () => {
    const metadata = { ticket_no: 7, assigned_to: 'kept' };
    expect(read('task create', { title: 'A', metadata })).toMatchObject({ metadata });
  });

  it('takes words in any letter case, lists with commas, numbers as text and pairs', () => {
    expect(read('task list', { status: 'in progress,review', limit: '5' })).toMatchObject({
      status: ['IN_PROGRESS', 'REVIEW'],
      limit: 5,
    });
    expect(read('pipeline start', { name: 'release', variables: ['version=1.2', 'note=a=b'] })).toMatchObject(
      {
        variables: { version: '1.2', note: 'a=b' },
      },
    );
  });

  it('refuses a field that does not exist', () => {
    expect(() => read('task create', { title: 'A', asignee: 'scout' })).toThrow(/asignee/);
  });
});
