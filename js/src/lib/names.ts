// Names of people, as they are shown.

/**
 * Characters that cannot be seen, or that turn the text around them: with them one name looks like another. Joiners
 * are not among them, as scripts and emoji need those.
 */
const UNSEEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\uffff]|[\u{e0000}-\u{e0fff}]|\u200c(?![\p{L}\p{M}])|\u200d(?![\p{L}\p{M}\p{Extended_Pictographic}])/gu;
const LONGEST = 80;

/** A name with what hides in it made visible, and no longer than a line can hold. */
export function shownName(name: string): string {
  const shown = name.replace(UNSEEN, "\ufffd").trim();
  return shown.length > LONGEST ? `${shown.slice(0, LONGEST - 1)}…` : shown;
}
