import { readFileSync } from 'node:fs';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withTools } from '../../scripts/print-mcp.js';
import { toolList } from '../../src/mcp/tool-list.js';
import type { Client } from '../../src/sdk/index.js';
import { connect, type McpClient, type Revision, revisions } from '../support/mcp/mcp-client.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { sdkClient } from '../support/servers/sdk-client.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';

let database: TestDatabase;
let server: ServerProcess;
let admin: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startServer({ databaseUrl: database.url });
  admin = sdkClient(server);
});

afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

function connectWith(key: string, revision: Revision = '2026-07-28'): Promise<McpClient> {
  const headers = { authorization: `Bearer ${key}` };
  return connect(
    new StreamableHTTPClientTransport(new URL('/mcp', server.url), { requestInit: { headers } }),
    revision,
  );
}

async function keyOf(role: 'AGENT' | 'VIEWER', agent?: string): Promise<string> {
  const { secret } = await admin.createApiKey({ name: role, role, ...(agent && { agent: { name: agent } }) });
  return secret;
}

describe.each(revisions)('/mcp with protocol revision %s', (revision) => {
  it('claims and hands in with the key as bearer token', async () => {
    const name = `http-${revision}`;
    await admin.registerAgent({ name, acceptsInbox: false });
    const { ref } = (await admin.createTask({ title: name, assignee: { name } })).task;
    const agent = await connectWith(await keyOf('AGENT', name), revision);
    expect((await agent.client.listTools()).tools).toHaveLength(toolList.length);
    const { data } = await agent.call('claim_next_task', { waitSeconds: 5 });
    expect(data.task.ref).toBe(ref);
    const done = await agent.call('complete_task', { run: data.run.id, resolution: 'Done.' });
    expect(done.data.task.status).toBe('REVIEW');
    const again = await agent.call('complete_task', { run: data.run.id, resolution: 'Another result.' });
    expect(again).toMatchObject({ isError: true });
    await agent.close();
  });
});

describe('/mcp', () => {
  it('refuses a request without a valid key', async () => {
    const answer = await fetch(new URL('/mcp', server.url), { method: 'POST', body: '{}' });
    expect(answer.status).toBe(401);
    await expect(connectWith('mc_wrong', '2025-11-25')).rejects.toThrow();
  });

  it('refuses a viewer what the API refuses a viewer', async () => {
    const viewer = await connectWith(await keyOf('VIEWER'));
    const refused = await viewer.call('create_task', { title: 'Not mine to create' });
    expect(refused).toMatchObject({ isError: true });
    expect(refused.text).toMatch(/^FORBIDDEN: .*ask a person for another key\.$/);
    expect((await viewer.call('list_tasks')).isError).toBe(false);
    await viewer.close();
  });

  it('answers hostile arguments with errors that say what is wrong', async () => {
    const client = await connectWith(server.adminKey);
    for (const { name } of toolList)
      for (const given of hostile) {
        const { isError, text } = await client.call(name, { waitSeconds: 0, ...given });
        expect(isError ? text : '').not.toContain('failed unexpectedly');
      }
    await expect(client.call('no_such_tool')).rejects.toThrow('There is no tool "no_such_tool".');
    expect(server.log().filter(({ level }) => level === 'error')).toEqual([]);
    await client.close();
  });
});

const hostile: readonly Record<string, unknown>[] = [
  { run: 42 },
  { run: null, resolution: [] },
  { run: 'x\u0000', resolution: '\ud800', message: '\u0000', error: '\u0000', text: '\u0000' },
  { task: { ref: 1 }, verdict: 'MAYBE' },
  { task: "'; DROP TABLE task", body: 'x', verdict: 'APPROVED' },
  { constructor: 1, toString: 2 },
  { after: 'no cursor', title: '\u0000', limit: 1e9, waitSeconds: -1 },
];

describe('the list of tools', () => {
  it('is the one in docs/mcp.md; if not, run npx tsx scripts/print-mcp.ts', () => {
    const page = readFileSync(new URL('../../docs/mcp.md', import.meta.url), 'utf8');
    expect(withTools(page)).toBe(page);
  });

  it('has at most 4,000 tokens, also if a token has only 3.5 characters', () => {
    expect(JSON.stringify(toolList).length / 3.5).toBeLessThan(4_000);
  });

  it('has a title, a description and annotations for every tool', () => {
    for (const { name, title, description, annotations } of toolList) {
      expect(name).toMatch(/^[a-z]+(_[a-z]+)+$/);
      expect([title, description].every((text) => (text ?? '').length > 5)).toBe(true);
      expect(Object.keys(annotations ?? {})).toEqual(['readOnlyHint', 'destructiveHint', 'idempotentHint']);
    }
  });
});
