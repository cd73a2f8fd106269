import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';

/** The working directory, arguments and environment of a program. */
export interface ProgramPlace {
  readonly argv: readonly string[];
  readonly folder: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Looks for the program in the same places as a start, without running it. Returns null, or a sentence with the problem. */
export async function findProgramMistake(place: ProgramPlace): Promise<string | null> {
  if (place.folder !== undefined && !(await isFolder(place.folder)))
    return `The folder ${place.folder} for programs does not exist.`;
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

/** Whether the path is an existing folder. */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
