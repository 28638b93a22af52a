// Who published, joined or left, as the hub says.

import { isObject } from "./columns.ts";
import type { Publisher } from "./feed.ts";

/** A client with the name that its token gives it; without one it is called by its user. */
export function publisherOf(client: string, user: string, connInfo: unknown): Publisher {
  const name = isObject(connInfo) ? connInfo.name : null;
  return { client, user, name: typeof name === "string" && name !== "" ? name : user };
}

/** The same of the `info` of a publication as it is on the wire; null where there is none. */
export function publisherOfInfo(info: unknown): Publisher | null {
  if (!isObject(info)) return null;
  const { client, user, conn_info } = info;
  return publisherOf(typeof client === "string" ? client : "", typeof user === "string" ? user : "", conn_info);
}
