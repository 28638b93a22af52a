// Names of people, as they are shown.

/** Scripts that are written with joiners. */
const JOINED = `[${["Arab", "Syrc", "Mand", "Mong", "Nkoo", "Phag", "Rohg", "Adlm", "Deva", "Beng", "Guru", "Gujr", "Orya", "Taml", "Telu", "Knda", "Mlym", "Sinh", "Khmr", "Mymr", "Tibt", "Java", "Bali"]
  .map((script) => `\\p{scx=${script}}`)
  .join("")}]`;
const PICTURE = "\\p{Extended_Pictographic}";

/**
 * Characters that cannot be seen, or that turn the text around them: with them one name looks like another. Joiners
 * stay where scripts and emoji need them, and what makes a sign an emoji stays behind one.
 */
const UNSEEN = new RegExp(
  [
    "[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u2800\\u3164\\ufe00-\\ufe0d\\ufeff\\uffa0\\ufff0-\\uffff]",
    "[\\u{13430}-\\u{1343f}\\u{16fe4}\\u{1bca0}-\\u{1bca3}\\u{1d159}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}]",
    `(?<!${PICTURE}|[0-9#*](?=\\ufe0f\\u20e3))[\\ufe0e\\ufe0f]`,
    `(?<!${JOINED})\\u200c|\\u200c(?!${JOINED})`,
    `(?<!${JOINED}(?=\\u200d${JOINED})|[${PICTURE}\\p{Emoji_Modifier}]\\ufe0f?(?=\\u200d${PICTURE}))\\u200d`,
  ].join("|"),
  "gu",
);
const LONGEST = 80;

/** What the hub sets behind the name of who came by a link. Nothing that makes names shorter takes it away. */
const MARK = "(guest)";

/** A name with what hides in it made visible, and no longer than a line can hold. */
export function shownName(name: string): string {
  const shown = name.replace(UNSEEN, "\ufffd").trim();
  if (shown.length <= LONGEST) return shown;
  return `${shown.slice(0, LONGEST - 1)}…${shown.endsWith(MARK) ? ` ${MARK}` : ""}`;
}

/** Whether anything of a text can be seen. */
export function showsSomething(text: string): boolean {
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(text.replace(UNSEEN, ""));
}

/** A name without the mark of a guest. */
export function unmarked(name: string): string {
  return name.endsWith(MARK) ? name.slice(0, -MARK.length).trimEnd() : name;
}

/** A text with names in it, in pieces: what may be cut off where there is no room, and marks of guests, which may not. */
export function piecesOf(text: string): { readonly text: string; readonly isMark: boolean }[] {
  const pieces = text.split(/( ?\(guest\))/u).filter(Boolean);
  return pieces.map((piece) => ({ text: piece, isMark: piece.trimStart() === MARK }));
}
