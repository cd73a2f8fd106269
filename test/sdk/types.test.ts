import { execFile } from 'node:child_process';
import { mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as documents from '../../src/generated/operations.js';
import type { Client } from '../../src/sdk/index.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { sdkAgent, sdkClient } from '../support/servers/sdk-client.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';
import { type Answer, recordAnswers } from '../support/wires/recorded-answers.js';
import { callEveryMethod } from './every-operation.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

let database: TestDatabase;
let server: ServerProcess;
let scratch: string;
let client: Client;
let answers: Answer[];
const outputs: Output[] = [];

/** What a method of the client returned, or one item of what it iterates over. */
interface Output {
  readonly method: string;
  readonly value: unknown;
}

beforeAll(async () => {
  scratch = await realpath(await mkdtemp(join(tmpdir(), 'mission-control-types-')));
  database = await createTestDatabase();
  server = await startServer({
    databaseUrl: database.url,
    env: { MC_GATEWAY: 'echo', MC_WEBHOOK_ALLOW_PRIVATE: 'on' },
  });
  const wire = recordAnswers();
  answers = wire.answers;
  client = sdkClient(server, wire);
  const agent = await sdkAgent(server, 'otto', { ...wire, acceptsInbox: true, capacity: 5 });
  await callEveryMethod({ admin: recordOutputs(client), agent: recordOutputs(agent) });
});

afterAll(async () => {
  await server.stop();
  await database.drop();
  await rm(scratch, { recursive: true, force: true });
});

describe('the types of the SDK', () => {
  it('are tried on an answer to every operation, and by every method', () => {
    const answered = new Set(answers.map(({ operation }) => operation));
    expect([...typesOfOperations().keys()].filter((operation) => !answered.has(operation))).toEqual([]);
    const called = new Set(outputs.map(({ method }) => method));
    expect(Object.keys(client).filter((method) => !called.has(method))).toEqual([]);
  });

  it('are those of what a server answers, and of what the methods make of it', async () => {
    await writeFile(join(scratch, 'answers.ts'), writeChecks());
    expect(await compile()).toBe('');
  });
});

/** The type of each operation's result, by the operation's name. */
function typesOfOperations(): Map<string, string> {
  return new Map(
    Object.entries(documents).map(([name, text]) => {
      const [, kind = '', operation = ''] = /^(\w+) (\w+)/.exec(text) ?? [];
      expect(name).toBe(`${operation}Document`);
      return [operation, `operations.${operation}${kind[0]?.toUpperCase()}${kind.slice(1)}`];
    }),
  );
}

/** Every distinct answer as a literal that must satisfy its type, and a wrong answer for each type that must not. */
function writeChecks(): string {
  const types = typesOfOperations();
  const known = answers.filter(({ operation }) => types.has(operation));
  const checks = [
    ...known.map(({ operation, data }) => check(data, types.get(operation) ?? '')),
    ...outputs.map(({ method, value }) => check(value, `Output<'${method}'>`)),
    ...[...types.values()].map((type) => `// @ts-expect-error\n${check({ unknownField: 1 }, type)}`),
  ];
  return [HEAD, ...new Set(checks)].join('\n');
}

function check(value: unknown, type: string): string {
  return `(${JSON.stringify(value)}) satisfies ${type};`;
}

const HEAD = `
import type * as operations from '${root}src/generated/operations.js';
import type { Client } from '${root}src/sdk/index.js';

type Output<Method extends keyof Client> = ReturnType<Client[Method]> extends infer Returned
  ? Returned extends PromiseLike<infer Value>
    ? Value
    : Returned extends AsyncIterable<infer Item> ? Item : never
  : never;
`;

/** What the compiler says of the checks, with the settings of the project. Other rules than its own are off. */
async function compile(): Promise<string> {
  // The linter looks for its compiler in the folder.
  await symlink(join(root, 'node_modules'), join(scratch, 'node_modules'), 'junction');
  const settings = { extends: join(root, 'tsconfig.json'), include: ['answers.ts'] };
  await writeFile(join(scratch, 'tsconfig.json'), JSON.stringify(settings));
  const oxlint = join(root, 'node_modules', 'oxlint', 'bin', 'oxlint');
  const command = [oxlint, '--allow=all', '--type-aware', '--type-check', '--format=unix', 'answers.ts'];
  const options = { cwd: scratch, maxBuffer: 2 ** 26 };
  return run(process.execPath, command, options).then(
    ({ stdout }) => stdout.trim(),
    ({ stdout }: { stdout: string }) => stdout,
  );
}

/** The client, whose methods record what they return. Documents of the caller have no type to compare with. */
function recordOutputs(recorded: Client): Client {
  return new Proxy(recorded, {
    get:
      (target, method: keyof Client & string) =>
      (...args: never[]) => {
        const returned = (
          target[method] as (...args: never[]) => PromiseLike<unknown> | AsyncIterable<unknown>
        )(...args);
        const keep = (value: unknown) => outputs.push({ method, value });
        return 'then' in returned ? returned.then(tapped(keep)) : iterate(returned, keep);
      },
  });
}

function tapped(keep: (value: unknown) => void) {
  return <Value>(value: Value): Value => {
    keep(value);
    return value;
  };
}

async function* iterate(items: AsyncIterable<unknown>, keep: (value: unknown) => void) {
  for await (const item of items) {
    keep(item);
    yield item;
  }
}
