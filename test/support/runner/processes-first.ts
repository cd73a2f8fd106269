import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Runs the slow files (isolated, with processes of their own) first, so that none of them runs alone at the end. Files that
 * share their modules run one after the other: an isolated file between them would make the next one load them again.
 */
export class ProcessesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isolated = ({ project }: TestSpecification) => Number(project.config.isolate);
    return (await super.sort(files)).toSorted((one, other) => isolated(other) - isolated(one));
  }
}
