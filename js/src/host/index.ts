// The hub's own pages: the lobby and the sessions, without Jupyter, on the same modules as in notebooks.

import { element } from "../lib/dom.ts";
import { followTheme } from "../lib/theme.ts";
import { Keep } from "./keep.ts";
import { lobbyPage } from "./lobby_page.ts";
import { sessionPage } from "./session_page.ts";

// This file lies in a folder of the hub's, whatever prefix a proxy puts before it.
const base = new URL("..", import.meta.url);
const { signal } = new AbortController();
const stage = element("div", { class: "rtw rtw-host" });
document.body.append(stage);
followTheme(stage, () => undefined, signal);
(document.body.dataset.page === "lobby" ? lobbyPage : sessionPage)(stage, base, new Keep(base), signal);
