import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { graphiqlSignIn } from '../../../src/server/http/graphiql-sign-in.js';
import { goodKey, startTestServer, type TestServer } from '../../support/servers/test-server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.stop());

interface FakeElement {
  readonly children: FakeElement[];
  value: string;
  textContent: string;
  onsubmit: (event: { preventDefault: () => void }) => Promise<void>;
  append(...more: FakeElement[]): void;
  replaceChildren(...more: FakeElement[]): void;
}

function createElement(): FakeElement {
  const children: FakeElement[] = [];
  return {
    children,
    value: '',
    textContent: '',
    onsubmit: async () => undefined,
    append: (...more) => void children.push(...more),
    replaceChildren: (...more) => void children.splice(0, children.length, ...more),
  };
}

class FakeChannel {
  onmessage: (event: { data: unknown }) => void = () => undefined;
  readonly #all: FakeChannel[];

  constructor(all: FakeChannel[]) {
    this.#all = all;
    all.push(this);
  }

  postMessage(data: unknown): void {
    for (const other of this.#all) if (other !== this) other.onmessage({ data });
  }
}

/** As much of a browser tab as the sign-in uses. Tabs share their open channels. */
function aTab(channels: FakeChannel[], session = new Map<string, string>()) {
  const opened: unknown[] = [];
  const root = createElement();
  class BroadcastChannel extends FakeChannel {
    constructor() {
      super(channels);
    }
  }
  const sessionStorage = {
    getItem: (name: string) => session.get(name) ?? null,
    setItem: (name: string, value: string) => session.set(name, value),
  };
  const document = { createElement };
  // biome-ignore lint/plugin: the script's timer, which here fires at once
  const globals = { fetch, sessionStorage, BroadcastChannel, document, setTimeout: setImmediate };
  const signIn = runInNewContext(`(${graphiqlSignIn})`, globals);
  const start = (_root: unknown, options: unknown) => opened.push(options);
  return {
    opened,
    session,
    root,
    load: () => signIn(start, root, { endpoint: `${server.url}/graphql` }),
    async enter(key: string) {
      const form = root.children[0]!;
      form.children[1]!.value = key;
      await form.onsubmit({ preventDefault: () => undefined });
    },
  };
}

const signedIn = [
  { endpoint: expect.any(String), additionalHeaders: { authorization: `Bearer ${goodKey}` } },
];

describe('the sign-in of GraphiQL', () => {
  it('asks until the key is valid, and then opens GraphiQL with it', async () => {
    const tab = aTab([]);
    await tab.load();
    expect(tab.opened).toEqual([]);
    await tab.enter('mc_bad');
    expect(tab.root.children[0]?.children[3]?.textContent).toContain('The API key is not valid');
    expect(tab.session.size).toBe(0);
    await tab.enter(` ${goodKey} `);
    expect(tab.opened).toEqual(signedIn);
    expect(tab.root.children).toEqual([]);
  });

  it('does not ask again after a reload', async () => {
    const tab = aTab([], new Map([['mission-control.key', goodKey]]));
    await tab.load();
    expect(tab.opened).toEqual(signedIn);
  });

  it('does not ask in another tab while one is open', async () => {
    const channels: FakeChannel[] = [];
    await aTab(channels, new Map([['mission-control.key', goodKey]])).load();
    const second = aTab(channels);
    await second.load();
    expect(second.opened).toEqual(signedIn);
  });

  it('asks again when the key of the session was revoked', async () => {
    const tab = aTab([], new Map([['mission-control.key', 'mc_revoked']]));
    await tab.load();
    expect(tab.opened).toEqual([]);
    expect(tab.root.children[0]?.children[3]?.textContent).toContain('The API key is not valid');
  });
});
