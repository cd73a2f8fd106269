import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { createInstrument } from '../../src/kernel/instrument.js';
import { Secret } from '../../src/kernel/secret.js';
import { createLog, type LogOptions } from '../../src/telemetry/log.js';

const key = `mc_${'x'.repeat(43)}`;

function setUp(options: { level?: LogOptions['level']; isTTY?: boolean; colors?: boolean } = {}) {
  const lines: string[] = [];
  const instrument = createInstrument();
  const destination = {
    write: (line: string) => lines.push(line),
    isTTY: options.isTTY ?? false,
    hasColors: () => options.colors ?? false,
  };
  instrument.listen(createLog({ level: options.level ?? 'debug', destination }));
  return { instrument, lines, json: () => lines.map((line) => JSON.parse(line)) };
}

describe('a log that is not written to a terminal', () => {
  it('has one JSON line for each signal, with its name and facts', () => {
    const { instrument, lines, json } = setUp();
    instrument.emit('info', 'task.claimed', 'Claimed a task', {
      taskId: 'task_1',
      count: 2n,
      at: new Date(0),
      none: undefined,
    });
    expect(lines[0]).toMatch(/^\{.*\}\n$/);
    expect(json()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        event: 'task.claimed',
        message: 'Claimed a task',
        taskId: 'task_1',
        count: '2',
        at: '1970-01-01T00:00:00.000Z',
      },
    ]);
  });

  it.each([
    ['debug', ['debug', 'info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['silent', []],
  ] as const)('at level %s has the lines %j', (level, expected) => {
    const { instrument, json } = setUp({ level });
    for (const each of ['debug', 'info', 'warn', 'error'] as const) instrument.emit(each, 'x', 'x');
    expect(json().map((line) => line.level)).toEqual(expected);
  });

  it('has errors with their code, stack and every cause', () => {
    const { instrument, json } = setUp();
    const deepest = Object.assign(new TypeError('no such column'), { code: '42703' });
    const error = new Error('Could not claim', {
      cause: new AggregateError([deepest, 'text'], 'two things', { cause: deepest }),
    });
    instrument.emit('error', 'graphql.fault', 'A request met a fault', { error });
    const shown = json()[0].error;
    expect(shown).toMatchObject({
      type: 'Error',
      message: 'Could not claim',
      stack: expect.stringContaining('log.test.ts'),
    });
    expect(shown.cause).toMatchObject({
      type: 'AggregateError',
      cause: { type: 'TypeError', code: '42703' },
    });
    expect(shown.cause.errors).toEqual([expect.objectContaining({ message: 'no such column' }), 'text']);
  });

  it('names the position in the source of an error in a bundle', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bundle '));
    const contents = 'export function fail(text: string) {\n\n  return new Error(text);\n}';
    const { outputFiles } = await build({
      stdin: { contents, sourcefile: 'src/fail.ts', resolveDir: folder, loader: 'ts' },
      outfile: join(folder, 'bundle.js'),
      ...{ bundle: true, format: 'esm', minify: true, sourcemap: 'linked', write: false },
    });
    for (const { path, contents: bytes } of outputFiles) await writeFile(path, bytes);
    const before = outputFiles
      .find(({ path }) => path.endsWith('.js'))!
      .text.split('new Error')[0]!
      .split('\n');
    const position = `${pathToFileURL(join(folder, 'bundle.js'))}:${before.length}:${before.at(-1)!.length + 1}`;
    const { instrument, json } = setUp();
    const error = Object.assign(new Error('x'), { stack: `Error: x\n    at fail (${position})` });
    for (let time = 0; time < 2; time += 1) instrument.emit('error', 'x', 'x', { error });
    const stack = `Error: x\n    at fail (${pathToFileURL(folder)}/src/fail.ts:3:10)`;
    expect(json().map(({ error: { stack } }) => stack)).toEqual([stack, stack]);
    await rm(folder, { recursive: true });
  });

  it('contains no secret from a message, an error or a fact', () => {
    const { instrument, lines } = setUp();
    const error = Object.assign(new Error(`bad key ${key}`, { cause: new Error(`Bearer ${key}`) }), {
      headers: { Authorization: 'Basic dXNlcjpwYXNz' },
      url: 'postgresql://user:pass@host/db',
    });
    instrument.emit('warn', 'x', `Got ${key}`, {
      error,
      secret: new Secret('hidden-value'),
      apiKey: 'hidden-value',
      nested: [
        {
          gatewayToken: 'hidden-value',
          password: 'hidden-value',
          text: `authorization: Bearer abc.def-${key}`,
        },
      ],
    });
    expect(lines.join('')).not.toMatch(/xxxx|hidden-value|dXNlcjpwYXNz|user:pass|abc\.def/);
    expect(lines.join('')).toContain('postgresql://[secret]@host/db');
  });

  it('escapes characters that a terminal would obey, and keeps their value', () => {
    const { instrument, lines, json } = setUp();
    const hostile = 'a\u009b31m\u202egnp.exe\u2066\u2028\u{e0041}\u0000\n"ä😀';
    instrument.emit('warn', 'x', hostile, { hostile });
    expect(lines[0]).not.toMatch(/[\p{Cf}\p{Zl}\p{Zp}]|[^\P{Cc}\n]/u);
    expect(json()[0]).toMatchObject({ message: hostile, hostile });
  });

  it('shows facts that are circular, very deep, very long or functions', () => {
    const { instrument, json } = setUp();
    const circular: Record<string, unknown> = { name: 'c' };
    circular.self = circular;
    let deep: unknown = 'deepest';
    for (let level = 0; level < 50; level++) deep = { deep };
    const error = new Error('own cause');
    error.cause = error;
    instrument.emit('info', 'x', 'x', {
      circular,
      deep,
      error,
      bytes: new Uint8Array(9),
      many: Array(200).fill(1),
      call: () => 1,
    });
    expect(json()[0]).toMatchObject({
      circular: { name: 'c', self: '[circular]' },
      bytes: '[9 bytes]',
      call: '[function call]',
    });
    expect(json()[0].error.cause).toBe('[circular]');
    expect(JSON.stringify(json()[0].deep)).not.toContain('deepest');
    expect(json()[0].many.at(-1)).toBe('[100 more]');
  });
});

describe('a log on a terminal', () => {
  it('has one readable line for each signal, followed by its facts', () => {
    const { instrument, lines } = setUp({ isTTY: true });
    instrument.emit('info', 'http.request', 'A request was answered', {
      status: 200,
      path: '/graphql',
      text: 'two words',
      key,
    });
    expect(lines).toEqual([
      expect.stringMatching(
        /^\d\d:\d\d:\d\d\.\d{3} INFO {2}A request was answered http\.request status=200 path=\/graphql text="two words" key=mc_\[secret\]\n$/,
      ),
    ]);
  });

  it('shows the stacks of an error and its causes below the line', () => {
    const { instrument, lines } = setUp({ isTTY: true });
    instrument.emit('error', 'x', 'Failed', { error: new Error('outer', { cause: new Error('inner') }) });
    expect(lines[0]).toMatch(
      /ERROR Failed x\n {4}Error: outer\n {8}at .*\n {4}caused by Error: inner\n {8}at /s,
    );
    expect(lines[0]).toMatch(/\n$/);
  });

  it('leaves out the client object of a broken database connection', () => {
    const { instrument, lines } = setUp({ isTTY: false });
    const error = Object.assign(new Error('broken'), { client: { secretKey: 4711 }, code: 'ECONNRESET' });
    instrument.emit('warn', 'x', 'Lost', { error });
    expect(lines.join('')).toContain('ECONNRESET');
    expect(lines.join('')).not.toContain('4711');
  });

  it('escapes line breaks and control characters in texts from outside', () => {
    const { instrument, lines } = setUp({ isTTY: true });
    instrument.emit('warn', 'x', 'one\ntwo\u001b[2J', {
      path: '/\r\n12:00:00 ERROR forged',
      error: new Error('a\u001b[31m'),
    });
    expect(lines[0]?.split('\n')[0]).toContain('one\\ntwo\\u001b[2J');
    expect(lines.join('')).not.toMatch(/[^\P{Cc}\n]|\n\d\d:/u);
  });

  it('escapes characters that begin a sequence, hide, or reverse the text after them', () => {
    const { instrument, lines } = setUp({ isTTY: true });
    const hostile = 'a\u009b31m\u202egnp.exe\u2066\u200b\u2028\ufeff\u{e0041}';
    instrument.emit('warn', 'x', hostile, { text: hostile, [`key${hostile}`]: 1, error: new Error(hostile) });
    const shown = 'a\\u009b31m\\u202egnp.exe\\u2066\\u200b\\u2028\\ufeff\\udb40\\udc41';
    expect(lines.join('').split(shown)).toHaveLength(5);
    expect(lines.join('')).not.toMatch(/[\p{Cf}\p{Zl}\p{Zp}\u007f-\u009f]/u);
  });

  it('uses colours if the terminal supports them', () => {
    const { instrument, lines } = setUp({ isTTY: true, colors: true });
    instrument.emit('error', 'x', 'Failed');
    expect(lines[0]).toContain('\u001b[31mERROR\u001b[0m');
  });
});
