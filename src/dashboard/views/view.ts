import type { ComponentType } from 'preact';

/** What every view gets: the parts of its address. */
export interface ViewProps {
  readonly params: Readonly<Record<string, string>>;
}

/** A view. Its code is loaded when it is opened. */
export interface View {
  readonly title: string;
  /** The address; `:name` stands for one part of it. */
  readonly path: string;
  readonly load: () => Promise<{ readonly default: ComponentType<ViewProps> }>;
  /** Whether it is for the people who run the fleet: the key of an agent may not read what it shows. */
  readonly isForPeople?: boolean;
  /** For the views that the rail shows: the picture, and the key that opens it after `g`. */
  readonly rail?: { readonly icon: string; readonly key: string };
}
