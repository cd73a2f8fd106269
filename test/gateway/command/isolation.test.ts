import { chmod, chown, mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { type IsolationSettings, prepareIsolation } from '../../../src/gateway/command/isolation.js';
import { findSandbox } from '../../../src/gateway/command/sandbox/find-sandbox.js';
import { sandboxCommand } from '../../../src/gateway/command/sandbox/sandbox.js';
import { lookUpView } from '../../../src/gateway/command/sandbox/view.js';
import { createInstrument, type Signal } from '../../../src/kernel/instrument.js';
import { findPackageFolder } from '../../../src/kernel/package-folder.js';

const KINDS = ['bwrap', 'unshare'] as const;
const NO_PROGRAMS = { PATH: '/no/such/folder' };
const isRoot = process.getuid?.() === 0;

const base = await realpath(await mkdtemp(join(tmpdir(), 'mc-isolation-')));
const [work, dataDir] = [join(base, 'work'), join(base, 'data')];
await mkdir(work);
await mkdir(join(dataDir, 'within'), { recursive: true });
await symlink(dataDir, join(base, 'link'));
afterAll(() => rm(base, { recursive: true }));

async function prepare(more: Partial<IsolationSettings> = {}) {
  const signals: Signal[] = [];
  const instrument = createInstrument();
  instrument.listen((signal) => signals.push(signal));
  const defaults = { folder: work, user: undefined, sandbox: 'auto', writable: [], secretFiles: [] } as const;
  const isolation = await prepareIsolation({
    ...defaults,
    dataDir,
    environment: NO_PROGRAMS,
    instrument,
    ...more,
  });
  return { isolation, signals };
}

describe('the command of a sandbox', () => {
  const view = {
    ...{ folder: '/srv/work', writable: ['/home/a'], shown: ['/tmp/t'], fresh: ['/tmp'], kept: ['/run/k'] },
    ...{ hiddenFolders: ['/srv/data'], hiddenFiles: ['/etc/key'] },
  };

  it.each(KINDS)('of %s hides last, after everything that it shows', (kind) => {
    const command = sandboxCommand(kind, ['claude', '-p'], view, { uid: 7, gid: 8 });
    const places = ['/tmp', '/run/k', '/home/a', '/srv/work', '/tmp/t', '/srv/data', '/etc/key'];
    const found = places.map((path) => command.indexOf(path, command.indexOf('/tmp')));
    expect(found).toEqual([...found].sort((a, b) => a - b));
    expect(Math.min(...found)).toBeGreaterThan(0);
    expect(command.slice(-2)).toEqual(['claude', '-p']);
  });

  it('leaves neither capabilities nor a writable setting of the kernel in bubblewrap', () => {
    const command = sandboxCommand('bwrap', ['claude'], view, { uid: 7, gid: 8 }).join(' ');
    expect(command).toContain('--unshare-user --unshare-pid --unshare-ipc --die-with-parent --cap-drop ALL');
    expect(command).toContain('--ro-bind-try /proc/sys /proc/sys');
  });
});

describe('the choice of a sandbox', () => {
  it('says for each kind why it does not work', async () => {
    const view = await lookUpView({
      folder: work,
      writable: [],
      shown: [],
      hidden: [dataDir],
      home: undefined,
      ids: null,
    });
    const found = await findSandbox({ kinds: KINDS, view, env: NO_PROGRAMS, ids: null });
    const onLinux = KINDS.map((kind) => `${kind}: not installed`);
    expect(found).toEqual({
      kind: null,
      reasons: process.platform === 'linux' ? onLinux : ['only Linux has it'],
    });
  });

  it('is said in one line if none works, with what programs can read and the remedy', async () => {
    const { isolation, signals } = await prepare();
    expect(isolation).toMatchObject({ isSandboxed: false, ids: null });
    expect(await isolation.wrap(['claude'], [])).toEqual(['claude']);
    expect(signals).toEqual([
      expect.objectContaining({
        level: 'warn',
        name: 'programs.not_isolated',
        message: expect.stringMatching(
          process.platform === 'linux' ? /can read its admin key.* Install bubblewrap/ : /can read its/,
        ),
        facts: { reasons: expect.stringMatching(/not installed|only Linux/) },
      }),
    ]);
  });

  it('is said as well if the operator has turned it off', async () => {
    const { signals } = await prepare({ sandbox: 'off' });
    expect(signals).toMatchObject([{ level: 'warn', facts: { reasons: 'MC_COMMAND_SANDBOX is off' } }]);
  });

  it('refuses the start if the sandbox that the operator names does not work', async () => {
    await expect(prepare({ sandbox: 'bwrap' })).rejects.toThrow(
      /^MC_COMMAND_SANDBOX=bwrap does not work here \(.*\)\. Install it/,
    );
  });
});

describe.runIf(isRoot)('what an account can not reach', () => {
  it('is hidden as a whole, because nothing can be mounted behind it', async () => {
    const closed = join(base, 'closed');
    const deep = join(closed, 'a', 'b');
    await mkdir(deep, { recursive: true });
    await chmod(base, 0o711);
    await chmod(closed, 0o700);
    const wish = { folder: work, writable: [deep], shown: [], hidden: [deep, dataDir], home: undefined };
    const view = await lookUpView({ ...wish, ids: { uid: 4711, gid: 4711 } });
    expect(view).toMatchObject({ writable: [], hiddenFolders: [closed, dataDir] });
    const own = await lookUpView({ ...wish, ids: null });
    expect(own).toMatchObject({ writable: [deep], hiddenFolders: [deep, dataDir] });
  });
});

describe('the working folder of programs', () => {
  it.each([
    ['is the data folder', dataDir, 'data folder'],
    ['is in the data folder', join(dataDir, 'within'), 'data folder'],
    ['would be created in the data folder', join(dataDir, 'none', 'yet'), 'data folder'],
    ['is in the data folder by a link', join(base, 'link', 'within'), 'data folder'],
    ['contains the data folder', base, 'data folder'],
    ['is the root folder', '/', 'data folder'],
    ['is in the folder of the package', join(findPackageFolder(), 'docs'), 'folder of the package'],
    ['is the working folder of the server', '.', 'folder'],
  ])('is refused if it %s', async (_why, folder, what) => {
    await expect(prepare({ folder })).rejects.toThrow(
      `MC_COMMAND_DIR names ${folder}, and programs there would meet`,
    );
    await expect(prepare({ folder })).rejects.toThrow(what);
  });

  it.each([dataDir, base, join(findPackageFolder(), 'dist')])(
    'and what else programs may change are apart from the server: %s is refused',
    async (path) => {
      const asked = prepare({ writable: ['/srv/cache', path] });
      await expect(asked).rejects.toThrow(`MC_COMMAND_WRITABLE names ${path}, and programs there would meet`);
    },
  );

  it('may be beside the data folder, with a name that begins like it', async () => {
    await expect(prepare({ folder: `${dataDir}-of-programs` })).resolves.toBeDefined();
  });
});

describe('the account of programs', () => {
  it.runIf(isRoot)('is switched to, with its home folder, if root has started the server', async () => {
    const { isolation, signals } = await prepare({ user: 'nobody' });
    expect(isolation).toMatchObject({ ids: { uid: expect.any(Number) }, environment: { USER: 'nobody' } });
    expect(signals).toMatchObject([{ level: 'info', name: 'programs.isolated', facts: { user: 'nobody' } }]);
    const byNumber = await prepare({ user: '4711:4712' });
    expect(byNumber.isolation).toMatchObject({ ids: { uid: 4711, gid: 4712 }, environment: { HOME: '/' } });
  });

  it.runIf(isRoot).each([
    ['no-such-account', 'has no such account'],
    ['root', 'must not be root'],
    ['0:0', 'must not be root'],
  ])('is refused if it is %s', async (user, why) => {
    await expect(prepare({ user })).rejects.toThrow(why);
  });

  it.runIf(isRoot)('is refused if it owns the database', async () => {
    await chown(join(dataDir, 'within'), 4711, 4711);
    onTestFinished(() => chown(join(dataDir, 'within'), 0, 0));
    await expect(prepare({ user: '4711:4712' })).rejects.toThrow('programs could read the database');
  });

  it.runIf(!isRoot)('is refused unless root has started the server', async () => {
    await expect(prepare({ user: 'nobody' })).rejects.toThrow('MC_COMMAND_USER needs a server that root');
  });
});
