import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

const root = fileURLToPath(new URL('../../..', import.meta.url));

declare module 'vitest' {
  interface ProvidedContext {
    hasCurrentBundle: boolean;
  }
}

/** Bundles the sources once per run, and again before each rerun in watch mode: tests that start servers run dist. */
export default async function setup(project: TestProject): Promise<void> {
  // Vitest sets up one project after the other: the first one bundles for all.
  if (!project.getProvidedContext().hasCurrentBundle) await bundle();
  project.vitest.provide('hasCurrentBundle', true);
  project.onTestsRerun(async (files) => {
    if (files.some((file) => file.project === project)) await bundle();
  });
}

async function bundle(): Promise<void> {
  await promisify(execFile)(process.execPath, [join(root, 'scripts', 'bundle.mjs')]);
}
