import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { parseBlocks } from './markdown-blocks.js';

const page = readFileSync(new URL('../../docs/connecting.md', import.meta.url), 'utf8');
const blocks = (info: string) => parseBlocks(page).filter((block) => block.info === info);

/** The documented form of `.mcp.json` of Claude Code. */
const mcpJson = z.strictObject({
  mcpServers: z.record(
    z.string(),
    z.union([
      z.strictObject({
        type: z.literal('stdio').optional(),
        command: z.string(),
        args: z.array(z.string()).optional(),
        env: z.record(z.string(), z.string()).optional(),
      }),
      z.strictObject({
        type: z.enum(['http', 'sse']),
        url: z.url(),
        headers: z.record(z.string(), z.string()).optional(),
      }),
    ]),
  ),
});

/** The parts of `.claude/settings.json` that the page uses, in their documented form. */
const claudeSettings = z.strictObject({
  permissions: z.strictObject({ allow: z.array(z.string().regex(/^(Bash\(mc:\*\)|mcp__[\w-]+)$/)) }),
  hooks: z.record(
    z.enum(['SessionStart']),
    z.array(
      z.strictObject({
        matcher: z.string().optional(),
        hooks: z.array(z.strictObject({ type: z.literal('command'), command: z.string() })),
      }),
    ),
  ),
});

const codexServer = {
  startup_timeout_sec: z.number().optional(),
  default_tools_approval_mode: z.enum(['auto', 'prompt', 'approve']).optional(),
  tool_timeout_sec: z.number().min(51).describe('A wait of a tool takes up to 50 seconds.'),
};

/** The documented form of `~/.codex/config.toml`, as far as the page uses it. */
const codexConfig = z.union([
  z.strictObject({
    'mcp_servers.mission-control': z.union([
      z.strictObject({
        ...codexServer,
        command: z.string(),
        args: z.array(z.string()).optional(),
        env_vars: z.array(z.string()).optional(),
      }),
      z.strictObject({ ...codexServer, url: z.url(), bearer_token_env_var: z.string() }),
    ]),
  }),
  z.strictObject({
    sandbox_mode: z.enum(['read-only', 'workspace-write', 'danger-full-access']),
    sandbox_workspace_write: z.strictObject({ network_access: z.boolean() }),
  }),
]);

/** Reads tables and values of one line, whose strings, lists and numbers are written as in JSON. */
function parseToml(text: string): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  let table = root;
  for (const line of text.split('\n')) {
    const [, name] = /^\[([\w.-]+)\]$/.exec(line) ?? [];
    const [, key, value] = /^([\w-]+) = (.+)$/.exec(line) ?? [];
    if (name !== undefined) {
      table = {};
      root[name] = table;
    } else if (key !== undefined) table[key] = JSON.parse(value ?? '');
    else if (line.trim() !== '') throw new Error(`This line is not TOML: ${line}`);
  }
  return root;
}

describe('docs/connecting.md', () => {
  it('has configuration files of Claude Code in their documented form', () => {
    const files: unknown[] = blocks('json').map(({ text }) => JSON.parse(text));
    expect(files).toHaveLength(3);
    for (const file of files) expect(() => z.union([mcpJson, claudeSettings]).parse(file)).not.toThrow();
  });

  it('has configuration files of Codex in their documented form, with time for a wait of a tool', () => {
    const files = blocks('toml').map(({ text }) => parseToml(text));
    expect(files).toHaveLength(3);
    for (const file of files) expect(() => codexConfig.parse(file)).not.toThrow();
  });
});
