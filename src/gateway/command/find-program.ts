import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';

/** Where a program is started, and by what it is found. */
export interface ProgramPlace {
  readonly argv: readonly string[];
  readonly folder: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Looks for the program where a start would, without running it. Null if it is there, else what is wrong, in a sentence. */
export async function findProgramMistake(place: ProgramPlace): Promise<string | null> {
  if (place.folder !== undefined && !(await isFolder(place.folder)))
    return `The folder ${place.folder} for programs is not there.`;
  for (const path of candidates(place)) if (await isProgram(path)) return null;
  return `The program ${place.argv[0]} was not found.`;
}

function candidates({ argv: [file = ''], folder = '.', environment }: ProgramPlace): string[] {
  const isPath = isAbsolute(file) || /[/\\]/.test(file);
  const folders = isPath ? [''] : (environment.PATH ?? '').split(delimiter);
  const endings = process.platform === 'win32' ? ['', '.exe'] : [''];
  return folders.flatMap((each) => endings.map((ending) => resolve(folder, join(each, file) + ending)));
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
