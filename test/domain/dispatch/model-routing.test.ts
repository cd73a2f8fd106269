import { describe, expect, it } from 'vitest';
import { type AgentModels, type RoutedTask, routeModel } from '../../../src/domain/dispatch/model-routing.js';

const models = { complex: 'opus', routine: 'haiku', default: null };
const plain: AgentModels = { dispatchModel: null, defaultModel: null };

const route = (task: Partial<RoutedTask>, agent: AgentModels | null = plain) =>
  routeModel({ title: 'Write it', description: null, priority: 'MEDIUM', ...task }, agent, models);

describe('the model of a task', () => {
  it("is the agent's own model, verbatim, before every other rule", () => {
    const agent = { dispatchModel: '9router/cc/claude-opus-4-6', defaultModel: 'sonnet' };
    expect(route({ title: 'Debug it', priority: 'CRITICAL' }, agent)).toEqual({
      tier: 'OVERRIDE',
      model: '9router/cc/claude-opus-4-6',
      signals: [],
    });
  });

  it('is the complex one for a CRITICAL task with any words', () => {
    expect(route({ title: 'Quick rename', priority: 'CRITICAL' })).toEqual({
      tier: 'COMPLEX',
      model: 'opus',
      signals: ['priority CRITICAL'],
    });
  });

  it.each(['HIGH', 'MEDIUM', 'LOW'] as const)(
    'is the complex one for complex words at priority %s',
    (priority) => {
      expect(route({ title: 'Simple rename', description: 'then debug the migration', priority })).toEqual({
        tier: 'COMPLEX',
        model: 'opus',
        signals: ['debug', 'migration'],
      });
    },
  );

  it.each(['MEDIUM', 'LOW'] as const)('is the routine one for routine words at priority %s', (priority) => {
    expect(route({ title: 'Ping it', description: 'A simple thing', priority })).toEqual({
      tier: 'ROUTINE',
      model: 'haiku',
      signals: ['ping', 'simple'],
    });
  });

  it('is not the routine one for a task of priority HIGH', () => {
    expect(route({ title: 'Simple rename', priority: 'HIGH' }).tier).toBe('DEFAULT');
  });

  it("is otherwise the agent's default, then the server's, then the gateway's own", () => {
    const title = 'Write a poem';
    expect(route({ title }, { dispatchModel: null, defaultModel: 'sonnet' }).model).toBe('sonnet');
    const task = { title, description: null, priority: 'LOW' } as const;
    expect(routeModel(task, plain, { ...models, default: 'mid' }).model).toBe('mid');
    expect(route({ title }, null)).toEqual({ tier: 'DEFAULT', model: null, signals: [] });
  });
});

describe('a complex signal', () => {
  it.each([
    ['debugging', 'debug'],
    ['It was debugged.', 'debug'],
    ['DEBUG!', 'debug'],
    ['diagnoses', 'diagnose'],
    ['a diagnosis', 'diagnose'],
    ['architecting', 'architect'],
    ['the architecture', 'architect'],
    ['architectural', 'architect'],
    ['Security audits', 'security audit'],
    ['security-audit', 'security audit'],
    ["the incident's cause", 'incident'],
    ['incidents', 'incident'],
    ['refactored', 'refactor'],
    ['refactorings', 'refactor'],
    ['migrations', 'migration'],
    ['Migrate to 17', 'migration'],
    ['root causes', 'root cause'],
    ['root-causing', 'root cause'],
    ['a root\ncause', 'root cause'],
    ['investigating', 'investigate'],
    ['an investigation', 'investigate'],
    ['Design systems', 'design system'],
    ['designing system', 'design system'],
  ])('is found in "%s"', (title, signal) => {
    expect(route({ title })).toMatchObject({ tier: 'COMPLEX', signals: [signal] });
  });

  it.each([
    'debugger',
    'debug_mode',
    'undebugged',
    'architectonic',
    'incidental',
    'incidentally',
    'coincident',
    'incidence',
    'refactory',
    'immigration',
    'emigrate',
    'migrant',
    'security auditorium',
    'security. Audit the books',
    'auditing security',
    'rootcause',
    'uproot causes',
    'root because',
    'root of the cause',
    'investigator',
    'systems design',
    'redesign system',
    'design of a system',
    'design systemic',
    'diagnostic',
  ])('is not found in "%s"', (title) => {
    expect(route({ title, priority: 'HIGH' })).toEqual({ tier: 'DEFAULT', model: null, signals: [] });
  });
});

describe('a routine signal', () => {
  it.each([
    ['status checks', 'status check'],
    ['health-checking', 'health check'],
    ['formatted', 'format'],
    ['formatting.', 'format'],
    ['renamed', 'rename'],
    ['pinging', 'ping'],
    ['ping?', 'ping'],
    ['summarising', 'summarize'],
    ['Summarizes', 'summarize'],
    ['translated', 'translate'],
    ['translations', 'translate'],
    ['the simplest', 'simple'],
    ['(minor)', 'minor'],
    ['quicker', 'quick'],
    ['a quick-fix', 'quick'],
    ['routines', 'routine'],
  ])('is found in "%s"', (title, signal) => {
    expect(route({ title })).toMatchObject({ tier: 'ROUTINE', signals: [signal] });
  });

  it.each([
    'information',
    'formation',
    'formatter',
    'reformat',
    'platform',
    'performance',
    'format_date',
    'formatDate',
    'préformat',
    'prename',
    'surname',
    'filename',
    'renaming_rule',
    'shipping',
    'mapping',
    'pingback',
    'typing',
    'summary',
    'summarily',
    'mistranslate',
    'simplify',
    'simplistic',
    'minority',
    'minors',
    'quickly',
    'quicksand',
    'subroutine',
    'routinely',
    'healthcheck',
    'health of a check',
    'wealth check',
    'status checker',
    'prefix',
  ])('is not found in "%s"', (title) => {
    expect(route({ title })).toEqual({ tier: 'DEFAULT', model: null, signals: [] });
  });
});
