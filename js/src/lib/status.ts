// What a widget says about itself: live, by which transport, how old, or why not.

import type { ConnectionStatus, FeedStatus } from "../connection/types.ts";
import { formatClock, formatDay, formatDuration, formatNumber } from "./format.ts";
import type { Link } from "./link.ts";

/** How long a page may take to bring the hub's connection before the widget says that no kernel is there. */
export const KERNEL_GRACE_MS = 4000;

export interface StatusInput {
  readonly connection: ConnectionStatus | null;
  readonly withoutSinceMs: number | null;
  /** Null when the widget has no feed yet, or needs none. */
  readonly feed: FeedStatus | null;
  /** Age of the newest data; null to leave it out. */
  readonly ageMs: number | null;
  readonly nowMs: number;
  /** Of when the state that is shown is, where it was saved; null where it is not. */
  readonly savedAtMs?: number | null;
  /** What is said of a page without a connection. */
  readonly absent: string;
}

export interface StatusText {
  readonly tone: "live" | "waiting" | "down" | "saved";
  /** The state itself, fit to be read aloud when it changes. */
  readonly state: string;
  /** What changes all the time: the age. */
  readonly age: string;
}

/** Put the state of connection and feed into words. */
export function describeStatus({ connection, withoutSinceMs, feed, ageMs, nowMs, savedAtMs, absent }: StatusInput): StatusText {
  const plain = (tone: StatusText["tone"], state: string): StatusText => ({ tone, state, age: "" });
  if (savedAtMs != null && connection?.phase !== "down" && feed?.phase !== "refused") {
    return { tone: "saved", state: `as of ${moment(savedAtMs, nowMs)},`, age: `${formatDuration(Math.max(0, nowMs - savedAtMs))} ago` };
  }
  if (!connection) {
    return nowMs - (withoutSinceMs ?? nowMs) < KERNEL_GRACE_MS
      ? plain("waiting", "connecting…")
      : plain("down", absent);
  }
  if (connection.phase === "down") return plain("down", `the hub ended the connection: ${connection.reason ?? "no reason given"}; run the cell again`);
  if (connection.phase === "connecting") {
    return plain("waiting", connection.reason ?? "connecting…");
  }
  if (feed?.phase === "refused") return plain("down", `refused: ${feed.reason ?? "no reason given"}`);
  if (feed?.phase === "waiting") return plain("waiting", feed.reason ? `waiting: ${feed.reason}` : "subscribing…");
  const state = connection.transport ? `live · ${connection.transport}` : "live";
  return { tone: "live", state, age: ageMs === null ? "" : formatDuration(ageMs) };
}

/** A time of day, with the day where that is another: "14:03", "23 Nov 14:03". */
export function moment(ms: number, nowMs: number): string {
  const [day, today] = [formatDay(ms, nowMs), formatDay(nowMs, nowMs)];
  return `${day === today ? "" : `${day} `}${formatClock(ms, "minute")}`;
}

/** What an empty widget says; nothing where the badge says that nothing will come. */
export function whileEmpty({ feed, savedAtMs }: Pick<Link, "feed" | "savedAtMs">, text: string): string {
  if (savedAtMs !== null) return "there was no data yet";
  return feed?.status.phase === "refused" ? "" : text;
}

/** The rows of the status details, as label and text. */
export function statusDetails(
  channel: string | null,
  connection: ConnectionStatus | null,
  feed: FeedStatus | null,
  ageMs: number | null,
  saved: { readonly atMs: number; readonly wayOut: string } | null = null,
): [label: string, text: string][] {
  const rows: [string, string][] = [];
  if (channel) rows.push(["channel", channel]);
  if (saved) {
    rows.push(["saved", `${formatDay(saved.atMs, Date.now())}, ${formatClock(saved.atMs)}`]);
    if (!connection) rows.push(["to see it live", saved.wayOut]);
  }
  if (connection) {
    rows.push(["transport", connection.transport ?? "none"]);
    if (connection.changes > 0) rows.push(["transport changes", String(connection.changes)]);
    if (connection.reason) rows.push(["note", connection.reason]);
    if (connection.detail) rows.push(["detail", connection.detail]);
  }
  if (feed) {
    rows.push(["offset", String(feed.offset)]);
    if (feed.lastTimeMs !== null && ageMs !== null) rows.push(["last data", `${formatDuration(ageMs)} ago`]);
    rows.push(["gaps", String(feed.gaps)], ["repeats", String(feed.repeats)], ["not recovered", String(feed.lost)]);
    if (feed.maxHz !== null) rows.push(["updates", `at most ${formatNumber(feed.maxHz)} a second`]);
    if (feed.merged > 0) rows.push(["merged", `${formatNumber(feed.merged)} updates into later ones`]);
    if (feed.skipped > 0) rows.push(["skipped", `${formatNumber(feed.skipped)} while out of sight`]);
    if (feed.bad > 0) rows.push(["unusable", String(feed.bad)]);
    if (feed.reason) rows.push([feed.phase === "refused" ? "refused" : "last fault", feed.reason]);
  }
  return rows;
}
