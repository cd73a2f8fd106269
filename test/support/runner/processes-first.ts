import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The file that takes longest. A new checkout has no times of an earlier run to sort by. */
const LONGEST = '/e2e/torture.test.ts';

/**
 * Runs the slow files (isolated, with processes of their own) first, so that none of them runs alone at the end. Files that
 * share their modules run one after the other: an isolated file between them would make the next one load them again.
 */
export class ProcessesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}

function rank({ moduleId, project }: TestSpecification): number {
  if (moduleId.endsWith(LONGEST)) return 0;
  return project.config.isolate ? 1 : 2;
}
