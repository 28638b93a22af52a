// How much of a text is shown, and in what parts: in some scripts a browser needs the square of a text's length for it.

/** What a label, a cell or a line shows of a text. */
export const MAX_LINE = 500;
/** What is shown of a text that is there to be read. */
export const MAX_PROSE = 20_000;
/** What a field to type into takes. */
export const MAX_TYPED = 2_000;
/** Longer runs without a space are laid out in parts of so much. */
const PART = 40;
/** Longer clusters of characters are no letters of anybody's. */
const CLUSTER = 32;

const clusters = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** A text of at most so many characters; "…" stands for what is left out. */
export function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, boundary(text, most - 1))}…` : text;
}

/** A text in parts between which it may be broken: it is broken at spaces anyway, and within words that are very long. */
export function parts(text: string): string[] {
  const made: string[] = [];
  let [start, run] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    if (isBreak(text[at] ?? "")) run = at + 1;
    if (at - run < PART) continue;
    run = boundary(text, at);
    made.push(text.slice(start, run));
    start = run;
  }
  made.push(text.slice(start));
  return made;
}

/** Whether a line may end behind it anyway: at a space, and at each sign of Chinese and Japanese. */
function isBreak(char: string): boolean {
  return char === " " || char === "\n" || char === "\t" || (char >= "\u2e80" && char <= "\u9fff");
}

/** A line in pieces of at most so many characters, of which each but the last ends with a space where there is one. */
export function pieces(line: string, most: number): string[] {
  const made: string[] = [];
  let start = 0;
  while (line.length - start > most) {
    const at = start + most;
    const space = line.lastIndexOf(" ", at - 1) + 1;
    const end = space > start + most / 2 ? space : boundary(line, at);
    made.push(line.slice(start, end));
    start = end;
  }
  made.push(line.slice(start));
  return made;
}

/** A place to cut, at `at` or a little before: not within what is one letter or sign to its reader. */
function boundary(text: string, at: number): number {
  const from = Math.max(0, at - CLUSTER);
  const start = clusters.segment(text.slice(from, at + CLUSTER)).containing(at - from)?.index ?? 0;
  return start > 0 ? from + start : at;
}
