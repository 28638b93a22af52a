// What can be completed at the caret: a user's name behind @, a command behind / at the start.

export interface Completing {
  readonly kind: "mention" | "command";
  /** Where the word starts, with its mark. */
  readonly start: number;
  /** What was typed behind the mark. */
  readonly typed: string;
}

const MENTION = /(?:^|[\s([{"'*_>])@([^\s,;:!?()[\]{}"'<>`*]{0,40})$/u;
const COMMAND = /^\/([^\s/][^\s]*|)$/;
const MOST = 8;

/** What the text before the caret asks for, if it does. */
export function completing(before: string, commands: boolean): Completing | null {
  const command = commands ? COMMAND.exec(before) : null;
  if (command) return { kind: "command", start: 0, typed: command[1] ?? "" };
  const mention = MENTION.exec(before);
  return mention ? { kind: "mention", start: before.length - (mention[1] ?? "").length - 1, typed: mention[1] ?? "" } : null;
}

/** Those of some choices that fit what was typed, those that begin with it first. */
export function fitting<T>(choices: readonly T[], typed: string, names: (choice: T) => readonly string[]): T[] {
  const wanted = typed.toLowerCase();
  const rank = (choice: T) => {
    const known = names(choice).map((name) => name.toLowerCase());
    if (known.some((name) => name.startsWith(wanted))) return 0;
    return known.some((name) => name.includes(wanted)) ? 1 : 2;
  };
  const ranked = choices.map((choice) => ({ choice, rank: rank(choice) })).filter((entry) => entry.rank < 2);
  return ranked.sort((a, b) => a.rank - b.rank).slice(0, MOST).map(({ choice }) => choice);
}
