/** The server can't do this now, through no fault of the caller's; asking again soon, here or elsewhere, may work. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}
