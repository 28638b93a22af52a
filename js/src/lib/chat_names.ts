// What people and their bots are called in a chat.

import type { ChatMessage, Member } from "../connection/types.ts";
import { shownName } from "./names.ts";

/** Oneself first, the rest by name: places do not change with each join. */
export function orderedMembers(members: readonly Member[], me: string | null): Member[] {
  return [...members].sort((a, b) => Number(b.user === me) - Number(a.user === me) || (a.name || a.user).localeCompare(b.name || b.user));
}

/** The name of a user as those who are here, or have said something, go by. */
export function nameOf(user: string, members: readonly Member[], messages: readonly ChatMessage[]): string | null {
  const member = members.find((other) => other.user === user);
  if (member) return shownName(member.name || user);
  for (let i = messages.length - 1; i >= 0; i--) if (messages[i]?.user === user) return shownName(messages[i]?.name || user);
  return null;
}

/** The chat beside another one that two users have for themselves; null where a name can't be in a channel's. */
export function directChannel(channel: string, one: string, other: string): string | null {
  const fits = (user: string) => /^[!-~]+$/.test(user) && !/[#,]/.test(user);
  if (!fits(one) || !fits(other) || one === other) return null;
  const name = `${channel.split("#")[0]}#${[one, other].sort().join(",")}`;
  return name.length <= 255 ? name : null;
}

/** Who else is in such a chat beside `channel`; null for a channel that is none of ours. */
export function directPartner(name: string, channel: string, me: string): string | null {
  const base = `${channel.split("#")[0]}#`;
  if (!name.startsWith(base)) return null;
  const others = name.slice(base.length).split(",").filter((user) => user !== me);
  return others.length === 1 && directChannel(channel, me, others[0] ?? "") === name ? (others[0] ?? null) : null;
}
