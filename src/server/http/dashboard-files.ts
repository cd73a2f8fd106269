import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** One file of the dashboard, ready to be sent. */
export interface ServedFile {
  readonly plain: Buffer;
  readonly gzipped: Buffer;
  readonly etag: string;
  readonly type: string;
}

/** What the build of the dashboard consists of. */
export interface DashboardFiles {
  readonly page: ServedFile;
  /** Scripts and styles, by name. Each name has a hash of the content. */
  readonly assets: ReadonlyMap<string, ServedFile>;
}

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.html': 'text/html; charset=utf-8',
};

/**
 * Reads and compresses the build. All addresses in it are relative, so the page gets the path prefix as its base: the
 * same page is served at every depth of path.
 */
export async function readDashboardFiles(folder: string, basePath: string): Promise<DashboardFiles> {
  const html = await readFile(join(folder, 'index.html'), 'utf8');
  const page = await toServed(
    'index.html',
    Buffer.from(html.replace('<base href="/"', `<base href="${basePath}/"`)),
  );
  const names = await readdir(join(folder, 'assets'));
  const assets = await Promise.all(
    names.map(
      async (name) => [name, await toServed(name, await readFile(join(folder, 'assets', name)))] as const,
    ),
  );
  return { page, assets: new Map(assets) };
}

async function toServed(name: string, plain: Buffer): Promise<ServedFile> {
  return {
    plain,
    gzipped: await promisify(gzip)(plain),
    etag: `"${createHash('sha256').update(plain).digest('base64url').slice(0, 27)}"`,
    type: types[extname(name)] ?? 'application/octet-stream',
  };
}
