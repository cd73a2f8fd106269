import { VersionConflict } from '../domain/refusals.js';

/** Optimistic concurrency check. @throws {VersionConflict} if the caller expects a version that is not the stored one. */
export function checkVersion(row: { readonly version: number }, expected: number | null | undefined): void {
  if (expected !== null && expected !== undefined && expected !== row.version) {
    throw new VersionConflict(expected, row.version);
  }
}
