// Users that a text names as @user. The hub's rule is in rtwidgets/protocol/chat.py; tests/golden/chat.json holds
// the two together.

const SPACE = " \\t\\n\\r\\u00a0";
const STOPS = `${SPACE},;:!?()\\[\\]{}"'<>\`*`;

/** A mention at `lastIndex`, with the name as its first group; points at its end belong to the sentence. */
export const MENTION = new RegExp(`(?<=^|[${SPACE}(\\[{"'*_>])@([^@${STOPS}][^${STOPS}]{0,63})`, "uy");
const ANYWHERE = new RegExp(MENTION.source, "ug");

/** The users a text names, each once. */
export function mentionsIn(text: string): string[] {
  const names = [...text.matchAll(ANYWHERE)].map((found) => (found[1] ?? "").replace(/\.+$/, ""));
  return [...new Set(names)].filter(Boolean);
}
