// Writes the table of tools in docs/mcp.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { toolList } from '../src/mcp/tool-list.js';

const path = new URL('../docs/mcp.md', import.meta.url);

/** The page with the tools of the code. */
export function withTools(page: string): string {
  const rows = toolList.map(({ name, description, inputSchema, annotations }) => {
    const required = new Set(inputSchema.required);
    const fields = Object.keys(inputSchema.properties ?? {}).map((field) =>
      required.has(field) ? `**\`${field}\`**` : `\`${field}\``,
    );
    const effect = annotations?.readOnlyHint ? 'reads' : annotations?.destructiveHint ? 'ends' : 'changes';
    return `| \`${name}\` | ${effect} | ${fields.join(', ')} | ${description ?? ''} |`;
  });
  const table = ['| Tool | Effect | Arguments | Description |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
  return page.replace(
    /<!-- tools -->[\s\S]*<!-- \/tools -->/,
    () => `<!-- tools -->\nArguments in bold are required.\n\n${table}\n<!-- /tools -->`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(path, withTools(readFileSync(path, 'utf8')));
