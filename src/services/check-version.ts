import { VersionConflict } from '../domain/refusals.js';

/** @throws {VersionConflict} if the caller expects another version than the row has. */
export function checkVersion(row: { readonly version: number }, expected: number | null | undefined): void {
  if (expected !== null && expected !== undefined && expected !== row.version) {
    throw new VersionConflict(expected, row.version);
  }
}
