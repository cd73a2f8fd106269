import { describe, expect, it } from 'vitest';
import { findSoulTemplate, renderSoul, SOUL_TEMPLATES } from '../../../src/domain/agents/soul-templates.js';

describe('soul templates', () => {
  it('are the seven of the product, in this order', () => {
    expect(SOUL_TEMPLATES.map((template) => template.name)).toEqual([
      'orchestrator',
      'developer',
      'reviewer',
      'researcher',
      'tester',
      'writer',
      'security-auditor',
    ]);
  });

  it.each(SOUL_TEMPLATES)('$name has every placeholder replaced', (template) => {
    const soul = renderSoul(template, { name: 'scout', role: 'pathfinder' });
    expect(soul).toMatch(/^# scout, pathfinder\n/);
    expect(soul).not.toMatch(/\{\{|\}\}/);
    expect(soul).toMatch(/^## (What you|Your verdict)/m);
  });

  it('inserts values unchanged, even placeholders and replacement patterns', () => {
    const template = { name: 'x', description: 'x', body: '{{AGENT_NAME}}|{{AGENT_ROLE}}|{{OTHER}}' };
    expect(renderSoul(template, { name: '{{AGENT_ROLE}}', role: '$&' })).toBe('{{AGENT_ROLE}}|$&|{{OTHER}}');
  });

  it('tell reviewers both forms of a verdict and the place of the notes', () => {
    const body = findSoulTemplate('reviewer')?.body ?? '';
    expect(body).toMatch(/^VERDICT: APPROVED$/m);
    expect(body).toMatch(/^VERDICT: REJECTED$/m);
    expect(body).toMatch(/^NOTES: /m);
  });

  it('are found only by their exact names', () => {
    expect(findSoulTemplate('Reviewer')).toBeNull();
    expect(findSoulTemplate('toString')).toBeNull();
  });
});
