/** IPv6 addresses of one network share a bucket, because one client usually controls a whole /64. */
const NETWORK_GROUPS = 4;

/**
 * The name of the client at a remote address, for limits per client: the IPv4 address, or the /64 of an IPv6 address. An
 * address has many notations, with and without `::`, so its groups are written out. An IPv4 address within IPv6
 * (`::ffff:192.0.2.1`) is the same client as without.
 */
export function clientAt(address = 'unknown'): string {
  if (!address.includes(':')) return address;
  const groups = groupsOf(address.toLowerCase().replace(/%.*$/, ''));
  const [, , , , , mark, high = 0, low = 0] = groups;
  const isIpv4 = mark === 0xffff && groups.slice(0, 5).every((group) => group === 0);
  if (isIpv4) return [high >> 8, high & 255, low >> 8, low & 255].join('.');
  return groups
    .slice(0, NETWORK_GROUPS)
    .map((group) => group.toString(16))
    .join(':');
}

/** The eight groups of an IPv6 address as numbers. */
function groupsOf(address: string): number[] {
  const [head = '', tail] = address.split('::');
  const before = partsOf(head);
  if (tail === undefined) return before;
  const after = partsOf(tail);
  const zeros = Math.max(0, 8 - before.length - after.length);
  return [...before, ...Array<number>(zeros).fill(0), ...after];
}

/** The last part may be an IPv4 address, which stands for two groups. */
function partsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number);
    return part.includes('.') ? [a * 256 + b, c * 256 + d] : [Number.parseInt(part, 16)];
  });
}
