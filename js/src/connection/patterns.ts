// Rights by pattern, as tokens carry them.

import { isObject } from "../feeds/columns.ts";

/** Verbs by pattern. */
export type Caps = ReadonlyMap<string, ReadonlySet<string>>;

/** Rights as they come: verbs in a list by pattern. */
export function capsOf(raw: unknown): Caps {
  const entries = isObject(raw) ? Object.entries(raw) : [];
  return new Map(entries.map(([pattern, verbs]) => [pattern, new Set(Array.isArray(verbs) ? verbs.map(String) : [])]));
}

/** Whether a pattern, in which "*" stands for any characters, matches a channel, or `command:` and a name. */
export function matches(pattern: string, target: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  if (!target.startsWith(first)) return false;
  const last = rest.pop();
  if (last === undefined) return pattern === target;
  let at = first.length;
  for (const part of rest) {
    const found = target.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return target.length - last.length >= at && target.endsWith(last);
}

/** Whether these rights give a verb on a channel, or on all that a narrower pattern matches. */
export function gives(caps: Caps, verb: string, target: string): boolean {
  if (caps.get(target)?.has(verb)) return true;
  for (const [pattern, verbs] of caps) if (verbs.has(verb) && pattern.includes("*") && matches(pattern, target)) return true;
  const scope = verb === "subscribe" ? COMMAND_TABLE.exec(target) : null;
  return scope !== null && callsIn(caps, scope[1] ?? "");
}

const COMMAND_TABLE = /^table:((?:.+\/)?)rtwidgets\.(?:commands|calls)$/;

/** Whether some command of a scope may be called: then the hub shows its catalogue and its calls, too. */
function callsIn(caps: Caps, scope: string): boolean {
  for (const [pattern, verbs] of caps) {
    if (!verbs.has("command") || !pattern.startsWith("command:")) continue;
    const own = pattern.slice(`command:${scope}`.length);
    if (pattern.startsWith(`command:${scope}`) && own !== "" && !own.includes("/")) return true;
  }
  return false;
}
