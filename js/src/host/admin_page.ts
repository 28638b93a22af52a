// /admin: what the hub itself does, on a dashboard that the hub keeps.

import type { Want } from "../connection/types.ts";
import { isObject } from "../feeds/columns.ts";
import { element, setText } from "../lib/dom.ts";
import { formatDuration } from "../lib/format.ts";
import { shownName } from "../lib/names.ts";
import { colorsOf } from "../lib/palette.ts";
import { entry, type Visit } from "./entry.ts";
import { head } from "./head.ts";
import type { Keep } from "./keep.ts";
import { showDashboard } from "./panels.ts";
import { peopleButton } from "./people.ts";
import { endedWords, LEFT, NO_ADMIN } from "./words.ts";

/** The scope in which the hub tells of itself. */
const SCOPE = "rtwidgets.hub";
const REFRESH_MS = 30_000;
const ALWAYS: Want = { maxHz: 60, visible: true, onChange: () => undefined };

export function adminPage(stage: HTMLElement, base: URL, keep: Keep, signal: AbortSignal): void {
  document.title = "Hub";
  entry({ base, keep, stage, session: "", without: NO_ADMIN, enter: (visit) => inside(stage, keep, visit) }, signal);
}

function inside(stage: HTMLElement, keep: Keep, { admission, connection, signal, end }: Visit): void {
  const layout = connection.value(`value:${SCOPE}/dashboard`, ALWAYS, signal);
  const crowd = connection.event(`event:${SCOPE}/rtwidgets.members`, ALWAYS, signal);
  const people = peopleButton(signal);
  const top = head({ keep, connection, home: null, middle: [people.root], leaveLabel: "Sign out", leave: () => end(LEFT) }, signal);
  const said = element("div", { class: "rtw-host__said", hidden: true });
  const panels = element("div", { class: "rtw-host__dashboard rtw-host__dashboard--named" });
  stage.replaceChildren(top.root, element("main", { class: "rtw-host__main" }, said, panels));
  showDashboard(SCOPE, layout, panels, signal);

  let about = "";
  const name = (): void => top.name("Hub", [about, `signed in as ${shownName(admission.name || admission.user)}`].filter(Boolean).join(" · "));
  const ask = async (): Promise<void> => {
    const status = await connection.ask("rtwidgets.status", {}).catch(() => null);
    if (signal.aborted || status === null) return;
    about = aboutHub(status, location.host);
    name();
  };
  const refresh = (): void => {
    const { phase, reason } = connection.status;
    if (phase === "down") return end(endedWords(reason ?? "", admission.expiresAtMs, Date.now()));
    people.draw(crowd.members, admission.user, colorsOf(connection.present(crowd.channel)));
    const refused = layout.status.phase === "refused";
    said.hidden = !refused;
    setText(said, refused ? NO_ADMIN.text : "");
  };
  connection.onStatus(() => {
    refresh();
    if (!signal.aborted && connection.status.phase === "live") void ask();
  }, signal);
  layout.onStatus(refresh, signal);
  crowd.onChange(refresh, signal);
  const timer = setInterval(() => document.visibilityState === "hidden" || connection.status.phase !== "live" || void ask(), REFRESH_MS);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  name();
  refresh();
}

/** Which hub this is, of what version, and since when it runs. */
export function aboutHub(status: unknown, host: string): string {
  const { version, uptime_s: up } = isObject(status) ? status : {};
  const parts = [host, typeof version === "string" ? `rtwidgets ${version}` : "", typeof up === "number" ? `up ${formatDuration(up * 1000)}` : ""];
  return parts.filter(Boolean).join(" · ");
}
