import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The long files before the short ones, so that no worker is left with a long one at the end. Files that share their
 * modules come in a row: a worker in between that does not would make the next one load them again.
 */
export class ProcessesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isolated = ({ project }: TestSpecification) => Number(project.config.isolate);
    return (await super.sort(files)).toSorted((one, other) => isolated(other) - isolated(one));
  }
}
