/**
 * The path of a request within the server. A proxy that serves it under a prefix may pass the prefix on or remove it.
 *
 * @param basePath - without a slash at its end: the root is empty.
 */
export function pathWithin(basePath: string, url = '/'): string {
  const end = url.indexOf('?');
  const path = end < 0 ? url : url.slice(0, end);
  if (basePath === '' || !path.startsWith(basePath)) return path;
  const rest = path.slice(basePath.length);
  if (rest === '') return '/';
  return rest.startsWith('/') ? rest : path;
}
