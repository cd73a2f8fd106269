import { access, constants, stat } from 'node:fs/promises';
import { basename, delimiter, isAbsolute, join, resolve } from 'node:path';

/** The working directory, arguments and environment of a program. */
export interface ProgramPlace {
  readonly argv: readonly string[];
  readonly folder: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether programs can't see this file, although it exists. */
  isHidden(path: string): Promise<boolean>;
}

/** Programs whose first argument is the script that they run. */
const INTERPRETERS = /^((ba|da|k|z)?sh|node|perl|php|python[\d.]*|ruby)(\.exe)?$/i;

/** An argument that can only be a file: an option or a placeholder can't, and a bare word may be searched elsewhere. */
const SCRIPT = /^(?!-)(?!.*\{\{).*[/\\][^/\\]*\.\w+$/;

/**
 * Looks for the program, and for the script that it runs, in the same places as a start, without running it. Returns null, or
 * a sentence with the problem.
 */
export async function findProgramMistake(place: ProgramPlace): Promise<string | null> {
  if (place.folder !== undefined && !(await isFolder(place.folder)))
    return `The folder ${place.folder} for programs does not exist.`;
  let isHidden = false;
  for (const path of candidates(place)) {
    if (!(await isProgram(path))) continue;
    if (!(await place.isHidden(path))) return findScriptMistake(place);
    isHidden = true;
  }
  return isHidden ? explainHidden('program', place.argv[0]) : `The program ${place.argv[0]} was not found.`;
}

/** Without this check an interpreter fails each task because of a script that is missing for all of them. */
async function findScriptMistake({
  argv: [file = '', script = ''],
  folder = '.',
  isHidden,
}: ProgramPlace): Promise<string | null> {
  if (!INTERPRETERS.test(basename(file)) || !SCRIPT.test(script)) return null;
  const path = resolve(folder, script);
  if (!(await isFile(path))) return `The script ${script} was not found.`;
  return (await isHidden(path)) ? explainHidden('script', script) : null;
}

function explainHidden(what: string, file: string | undefined): string {
  return `The ${what} ${file} is in a folder that is empty in the sandbox.`;
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
    return await isFile(path);
  } catch {
    return false;
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
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
