// Who published, joined or left, as the hub says.

import type { Role } from "../connection/types.ts";
import { isObject } from "./columns.ts";
import type { Publisher } from "./feed.ts";

/** From the least to the most. */
const ROLES: readonly Role[] = ["viewer", "editor", "owner"];

/** A client with the name that its token gives it; without one it is called by its user. */
export function publisherOf(client: string, user: string, connInfo: unknown, chanInfo?: unknown): Publisher {
  const says = isObject(connInfo) ? connInfo : {};
  const name = typeof says.name === "string" && says.name !== "" ? says.name : user;
  const role = isObject(chanInfo) ? ROLES.find((known) => known === chanInfo.role) : undefined;
  return { client, user, name, ...(role ? { role } : {}), ...(says.guest === true ? { guest: true } : {}) };
}

/** The same of the `info` of a publication as it is on the wire; null where there is none. */
export function publisherOfInfo(info: unknown): Publisher | null {
  if (!isObject(info)) return null;
  const { client, user, conn_info } = info;
  return publisherOf(typeof client === "string" ? client : "", typeof user === "string" ? user : "", conn_info);
}

/** The higher of two roles. */
export function higher(one: Role | null | undefined, other: Role | null | undefined): Role | null {
  const rank = Math.max(...[one, other].map((role) => (role ? ROLES.indexOf(role) : -1)));
  return ROLES[rank] ?? null;
}
