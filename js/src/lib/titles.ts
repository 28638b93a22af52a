// Titles for widgets that were given none.

/** "prices" of "stream:prices". */
export function shortName(channel: string): string {
  return channel.slice(channel.indexOf(":") + 1);
}
