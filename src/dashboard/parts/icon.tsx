/** The pictures of the rail, as lines in a square of 16. */
const paths: Readonly<Record<string, string>> = {
  bell: 'M4 11V7a4 4 0 0 1 8 0v4l1.2 1.5H2.8L4 11ZM6.5 14h3',
  board: 'M2.5 3h3v10h-3zM6.5 3h3v7h-3zM10.500 3h3v4.500h-3z',
  review: 'M8 2.500 13.500 8 8 13.500 2.500 8ZM6 8l1.500 1.500L10 6.800',
  agents: 'M8 8a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5ZM3 13.500c0-2.500 2.200-4 5-4s5 1.500 5 4',
  queue: 'M3 13V8M6.400 13V4M9.800 13V9.500M13.200 13V6',
  pipelines: 'M2.500 2.500h3v3h-3zM2.500 10.500h3v3h-3zM10.500 6.500h3v3h-3zM5.500 4H8v8H5.500M8 8h2.500',
  schedules: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 4.800V8l2.300 1.500',
  events: 'M3 4h10M3 8h10M3 12h6',
  settings: 'M3 5h6M11.500 5H13M3 11h1.500M7 11h6M10 3.500v3M5.500 9.500v3',
  menu: 'M3 4h10M3 8h10M3 12h10',
};

/** One of the pictures. The text beside it says what it means. */
export function Icon({ name }: { readonly name: string }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path
        d={paths[name] ?? ''}
        fill="none"
        stroke="currentColor"
        stroke-width="1.300"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
