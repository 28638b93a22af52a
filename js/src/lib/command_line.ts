// A line such as `/halt ACME reason="late"`, read with the schema of the command it names.

import { isObject } from "../feeds/columns.ts";
import { textOf } from "./cells.ts";
import { quoted } from "./options.ts";

export interface CommandRow {
  /** Whole name, with its scope. */
  readonly name: string;
  /** What is typed behind the slash. */
  readonly short: string;
  readonly title: string;
  readonly schema: unknown;
  readonly handlers: number;
}

export interface Parameter {
  readonly name: string;
  readonly required: boolean;
  readonly schema: Record<string, unknown>;
}

export type Reading = { readonly args: Record<string, unknown> } | { readonly fault: string };

/** The name behind the slash, and what follows; null for a text that is no command. Two slashes are one of a text. */
export function splitCommand(text: string): { name: string; rest: string } | null {
  const found = /^\/([^\s/]\S*)(?:\s+([\s\S]*))?$/.exec(text.trim());
  return found ? { name: found[1] ?? "", rest: found[2] ?? "" } : null;
}

/** A text as it is said: two slashes at its start are one. */
export function plainSlash(text: string): string {
  return text.startsWith("//") ? text.slice(1) : text;
}

/** What a command takes, in the order of its schema. */
export function parametersOf(schema: unknown): Parameter[] {
  const properties = isObject(schema) && isObject(schema.properties) ? schema.properties : {};
  const required = isObject(schema) && Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(properties).map(([name, of]) => ({ name, required: required.includes(name), schema: isObject(of) ? of : {} }));
}

/** `symbol [reason]` */
export function signatureOf(schema: unknown): string {
  return parametersOf(schema)
    .map(({ name, required }) => (required ? name : `[${name}]`))
    .join(" ");
}

/** Read arguments: by place, or by name as `name=value`. */
export function readArguments(line: string, schema: unknown): Reading {
  const parameters = parametersOf(schema);
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const words = wordsOf(line);
  if (words === null) return { fault: "a quotation mark is not closed" };
  // Without a prototype: names come from outside.
  const args = Object.create(null) as Record<string, unknown>;
  const places = parameters.filter(({ name }) => !words.some((word) => word.name === name));
  for (const { name, text } of words) {
    const parameter = name !== null ? byName.get(name) : places.shift();
    if (!parameter) {
      if (name !== null) return { fault: `there is no argument ${quoted(name)}; it takes ${signatureOf(schema) || "none"}` };
      return { fault: `${quoted(text)} is one argument too many; it takes ${signatureOf(schema) || "none"}` };
    }
    if (parameter.name in args) return { fault: `argument ${quoted(parameter.name)} is there twice` };
    const value = valueOf(text, parameter.schema);
    if (value === undefined) return { fault: `argument ${quoted(parameter.name)} must be ${typeName(parameter.schema)}, not ${quoted(text)}` };
    args[parameter.name] = value;
  }
  const missing = parameters.find(({ name, required }) => required && !(name in args));
  return missing ? { fault: `argument ${quoted(missing.name)} is missing; it takes ${signatureOf(schema)}` } : { args };
}

interface Word {
  readonly name: string | null;
  readonly text: string;
}

const NAME = /([A-Za-z_][A-Za-z0-9_]*)=/y;

/** Words between spaces; quotation marks hold words together. Null where one is not closed. */
function wordsOf(line: string): Word[] | null {
  const words: Word[] = [];
  let at = 0;
  while (at < line.length) {
    if (/\s/.test(line[at] ?? "")) {
      at++;
      continue;
    }
    NAME.lastIndex = at;
    const name = NAME.exec(line)?.[1] ?? null;
    if (name !== null) at = NAME.lastIndex;
    let text = "";
    while (at < line.length && !/\s/.test(line[at] ?? "")) {
      const mark = line[at] ?? "";
      if (mark !== '"' && mark !== "'") {
        text += mark;
        at++;
        continue;
      }
      at++;
      while (at < line.length && line[at] !== mark) {
        if (line[at] === "\\" && at + 1 < line.length) at++;
        text += line[at] ?? "";
        at++;
      }
      if (at >= line.length) return null;
      at++;
    }
    words.push({ name, text });
  }
  return words;
}

/** A word as its schema wants it; undefined where it can't be. */
function valueOf(text: string, schema: Record<string, unknown>): unknown {
  const choices: unknown[] | null = Array.isArray(schema.enum) ? schema.enum : null;
  if (choices) return choices.find((choice) => textOf(choice) === text);
  const kinds = kindsOf(schema);
  for (const { type, items } of kinds) {
    if (type === "null" && (text === "null" || text === "none")) return null;
    if (type === "boolean" && /^(true|yes|on|false|no|off)$/i.test(text)) return /^(true|yes|on)$/i.test(text);
    if (type === "integer" && /^[+-]?\d+$/.test(text)) return Number(text);
    if (type === "number" && text.trim() !== "" && Number.isFinite(Number(text))) return Number(text);
    if (type === "array") {
      const values = text === "" ? [] : text.split(",").map((part) => valueOf(part.trim(), isObject(items) ? items : {}));
      if (!values.includes(undefined)) return values;
    }
  }
  return kinds.length === 0 || kinds.some(({ type }) => type === "string") ? text : undefined;
}

/** What a schema allows, by its `type` or `anyOf`; text last, as everything is a text. */
function kindsOf(schema: Record<string, unknown>): Record<string, unknown>[] {
  const parts = Array.isArray(schema.anyOf) ? schema.anyOf.filter(isObject).flatMap(kindsOf) : [];
  const types = Array.isArray(schema.type) ? schema.type : schema.type === undefined ? [] : [schema.type];
  return [...types.map((type) => ({ ...schema, type })), ...parts];
}

const TYPE_NAMES: ReadonlyMap<unknown, string> = new Map([
  ["integer", "a whole number"],
  ["number", "a number"],
  ["boolean", "yes or no"],
  ["array", "a list, as a,b,c"],
  ["null", "none"],
]);

function typeName(schema: Record<string, unknown>): string {
  if (Array.isArray(schema.enum)) return `one of ${schema.enum.map(textOf).join(", ")}`;
  return kindsOf(schema)
    .map(({ type }) => TYPE_NAMES.get(type) ?? textOf(type))
    .join(" or ");
}
