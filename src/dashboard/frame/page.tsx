import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { attentionCount } from '../data/attention.js';
import { session } from '../data/session.js';
import { openPalette } from './palette-state.js';
import { basePath, location } from './router.js';
import { useScrollPlace } from './scroll-place.js';

interface PageProps {
  readonly title: string;
  /** What stands above the view if that is not its title. */
  readonly heading?: string;
  /** Filters and actions beside the title. */
  readonly tools?: ComponentChildren;
  readonly children: ComponentChildren;
  /** Whether the content scrolls by itself, as columns do. */
  readonly isFixed?: boolean;
}

/** A view with its title and its tools. The title of the tab carries the number of things that need the reader. */
export function Page({ title, heading = title, tools, children, isFixed = false }: PageProps) {
  const count = attentionCount.value;
  const content = useRef<HTMLDivElement>(null);
  useScrollPlace(content, 'content');
  useEffect(() => {
    document.title = `${count > 0 ? `(${count}) ` : ''}${title} · Mission Control`;
  }, [title, count]);
  return (
    <div class="page" data-fixed={isFixed ? '' : undefined}>
      <header class="top">
        <h1 class="cut text">{heading}</h1>
        <div class="tools">{tools}</div>
        {session.value?.role !== 'VIEWER' && location.value.path !== '/tasks/new' && (
          <a class="button new" href={`${basePath}/tasks/new`} title="Create a task (g n)">
            New task
          </a>
        )}
        <button
          type="button"
          class="find"
          onClick={() => openPalette()}
          title="Find tasks, agents and actions"
        >
          Find <kbd>{/Mac/.test(navigator.platform) ? '⌘K' : 'Ctrl K'}</kbd>
        </button>
      </header>
      <div class="content" ref={content}>
        {children}
      </div>
    </div>
  );
}
