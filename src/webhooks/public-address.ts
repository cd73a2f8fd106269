import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The name or address is of a network that webhooks may not reach. */
class PrivateAddress extends Error {
  override readonly name = 'PrivateAddress';

  constructor(host: string, address: string) {
    super(
      host === address
        ? `${host} is not a public address.`
        : `${host} has the address ${address}, which is not public.`,
    );
  }
}

/** Finds all addresses of a name. Tests use others than the system's. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** Asks the system, as a connection would. */
export const resolveBySystem: Resolve = (host) =>
  new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, found) =>
      error ? reject(error) : resolve(found.map(({ address }) => address)),
    );
  });

/** All IPv6 addresses that were ever given to hosts of the internet. Outside of it are old forms of IPv4 addresses, such as ::7f00:1. */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3');

/**
 * Whether the address is of the public internet: neither of a private network or this machine, nor special in any other way. An IPv4
 * address in IPv6 form counts as what it contains.
 */
function isPublic(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.process(text);
  return address.range() === 'unicast' && (address.kind() === 'ipv4' || address.match(GLOBAL_IPV6));
}

/** The host of a URL without the brackets of an IPv6 address. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/**
 * Resolves the host of a URL once and checks every address. URL parsing has turned decimal, octal and hexadecimal forms of IPv4
 * addresses into the usual one.
 * @throws {PrivateAddress} if one of the addresses is not public.
 */
export async function findPublicAddresses(host: string, resolve: Resolve): Promise<readonly string[]> {
  const addresses = ipaddr.isValid(host) ? [host] : await resolve(host);
  const refused = addresses.find((address) => !isPublic(address));
  if (refused !== undefined) throw new PrivateAddress(host, refused);
  return addresses;
}

/**
 * The look-up of a connection: it gets exactly the addresses that were checked, so a name whose answer changes between a check and
 * the connection reaches nothing else.
 */
export function createPublicLookup(resolve: Resolve): LookupFunction {
  return (host, options, callback) => {
    findPublicAddresses(host, resolve).then(
      (addresses) => {
        const found = addresses.map((address) => ({
          address,
          family: ipaddr.parse(address).kind() === 'ipv6' ? 6 : 4,
        }));
        const [first] = found;
        if (first === undefined) callback(new Error(`${host} has no address.`), '', 4);
        else if (options.all) callback(null, found);
        else callback(null, first.address, first.family);
      },
      (error: Error) => callback(error, '', 4),
    );
  };
}
