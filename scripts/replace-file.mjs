import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** A process that reads the file at the same moment sees the old contents or the new ones, never a part of them. */
export function replaceFile(path, contents) {
  if (existsSync(path) && readFileSync(path).equals(Buffer.from(contents))) return;
  mkdirSync(dirname(path), { recursive: true });
  const part = `${path}.${process.pid}.part`;
  // What begins like a program can be started as one.
  const isProgram = Buffer.from(contents).subarray(0, 2).toString() === '#!';
  writeFileSync(part, contents, { mode: isProgram ? 0o755 : 0o644 });
  renameSync(part, path);
}
