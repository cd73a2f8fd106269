import { readdirSync, readFileSync } from 'node:fs';
import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { TASK_STATUSES, TRANSITIONS } from '../../src/domain/tasks/task-status.js';
import { parseBlocks } from './markdown-blocks.js';
import { listPages } from './paste.js';

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');
const schema = buildSchema(read('schema/schema.graphql'));

const pages = await listPages();
const blocks = pages.flatMap((page) =>
  parseBlocks(read(page))
    .filter(({ info }) => info.split(' ')[0] === 'graphql')
    .map((block) => ({ ...block, where: `${page}:${block.line}` })),
);

describe('GraphQL in README and docs', () => {
  it.each(['README.md', 'docs/agents.md', 'docs/operations.md', 'docs/schedules.md'])(
    'is found in %s',
    (page) => {
      expect(blocks.map(({ where }) => where.split(':')[0])).toContain(page);
    },
  );

  it.each(blocks)('is valid against the schema: $where', ({ text }) => {
    expect(validate(schema, parse(text)).map(({ message }) => message)).toEqual([]);
  });

  it('is refused if it asks for an unknown field', () => {
    expect(validate(schema, parse('{ viewer { mood } }'))).toHaveLength(1);
  });
});

describe('the operations of the SDK', () => {
  const folder = 'schema/operations/';
  const operations = readdirSync(new URL(folder, root)).map((name) => read(folder + name));

  it('are valid against the schema, and use every fragment', () => {
    const document = parse(operations.join('\n'));
    expect(document.definitions.length).toBeGreaterThan(50);
    expect(validate(schema, document).map(({ message }) => message)).toEqual([]);
  });
});

describe('the picture of the states in the README', () => {
  const pictures = parseBlocks(read('README.md')).filter(({ info }) => info === 'mermaid');
  const picture = pictures.find(({ text }) => text.startsWith('stateDiagram'))?.text ?? '';
  const drawn = [...picture.matchAll(/^ +([A-Z_]+) --> ([A-Z_]+):/gm)].map(([, from, to]) => `${from} ${to}`);

  it('draws no transition that the table does not have', () => {
    const moves = TRANSITIONS.map(({ from, to }) => `${from} ${to}`);
    expect(drawn.length).toBeGreaterThan(0);
    expect(drawn.filter((move) => !moves.includes(move))).toEqual([]);
  });

  it('draws every transition except cancelling, retrying and changing the assignee', () => {
    const small = new Set(['INBOX', 'ASSIGNED']);
    const wanted = TRANSITIONS.filter(
      ({ from, to }) =>
        to !== 'CANCELLED' && !(small.has(to) && ['FAILED', 'CANCELLED', 'ASSIGNED'].includes(from)),
    );
    expect(new Set(drawn)).toEqual(new Set(wanted.map(({ from, to }) => `${from} ${to}`)));
  });

  it('names every status somewhere on the page', () => {
    expect(TASK_STATUSES.filter((status) => !read('README.md').includes(status))).toEqual([]);
  });
});
