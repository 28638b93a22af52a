// Titles for widgets that were given none.

/** "prices" of "stream:prices". */
export function shortName(channel: string): string {
  return channel.slice(channel.indexOf(":") + 1);
}

/** A title for who shows a channel: "prices" of "stream:prices" and of "stream:morning/prices". */
export function titleOf(channel: string): string {
  const name = shortName(channel);
  return name.slice(name.lastIndexOf("/") + 1) || name;
}
