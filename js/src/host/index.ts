// The hub's own pages: the lobby, the sessions and the admin's, without Jupyter, on the same modules as in notebooks.

import { element } from "../lib/dom.ts";
import { followTheme } from "../lib/theme.ts";
import { adminPage } from "./admin_page.ts";
import { Keep } from "./keep.ts";
import { lobbyPage } from "./lobby_page.ts";
import { sessionPage } from "./session_page.ts";

// This file lies in a folder of the hub's, whatever prefix a proxy puts before it.
const base = new URL("..", import.meta.url);
const { signal } = new AbortController();
const stage = element("div", { class: "rtw rtw-host" });
document.body.append(stage);
followTheme(stage, () => undefined, signal);
const { page = "" } = document.body.dataset;
const pages = new Map([["lobby", lobbyPage], ["admin", adminPage]]);
// Who looks at the hub as its admin is signed in for that alone, beside whoever they are on its other pages.
(pages.get(page) ?? sessionPage)(stage, base, new Keep(base, page === "admin" ? page : ""), signal);
