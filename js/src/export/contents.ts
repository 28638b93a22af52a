// What a saved file holds, read like anything from outside.

import { isObject } from "../feeds/columns.ts";

/** Where the widgets are live. */
export interface LiveHub {
  /** The hub's address, with a slash at its end. */
  readonly base: URL;
  /** Its page of the session, with the invite if there is one. */
  readonly page: URL;
  readonly session: string;
  /** What opens the session; empty where the file was saved without. */
  readonly invite: string;
}

export interface Contents {
  readonly title: string;
  readonly atMs: number;
  readonly hub: LiveHub | null;
  readonly widgets: readonly { readonly spec: unknown; readonly feeds: unknown }[];
}

/** Read the text of the file's data; throws where it is of another form. */
export function readContents(text: string): Contents {
  const raw: unknown = JSON.parse(text);
  if (!isObject(raw) || typeof raw.at_ms !== "number" || !Array.isArray(raw.widgets)) throw new Error("this file was cut short, or is of another release");
  const widgets = raw.widgets.filter(isObject).map(({ spec, feeds }) => ({ spec, feeds }));
  return { title: typeof raw.title === "string" ? raw.title : "", atMs: raw.at_ms, hub: readHub(raw.hub), widgets };
}

function readHub(raw: unknown): LiveHub | null {
  if (!isObject(raw) || typeof raw.base !== "string" || typeof raw.session !== "string") return null;
  try {
    const base = new URL(raw.base);
    // A link leads to a page, and to nothing that runs here.
    if (base.protocol !== "http:" && base.protocol !== "https:") return null;
    const invite = typeof raw.invite === "string" ? raw.invite : "";
    const page = new URL(`s/${encodeURIComponent(raw.session)}`, base);
    page.hash = invite;
    return { base, page, session: raw.session, invite };
  } catch {
    return null;
  }
}
