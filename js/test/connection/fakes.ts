// A model as an anywidget host gives it, with a kernel of our own behind it.

import type { RelayModel } from "../../src/connection/relay.ts";

export interface PageMessage {
  readonly type: string;
  readonly page: string;
  readonly conn?: string;
  readonly data?: string;
  readonly seq?: number;
}

export class FakeModel implements RelayModel {
  readonly sent: PageMessage[] = [];
  onsend: (message: PageMessage) => void = () => undefined;
  dead = false;
  #handlers = new Map<string, Set<(...args: never[]) => void>>();
  #seq = 0;

  get(): unknown {
    return "hub-key";
  }

  send(content: unknown): void {
    if (this.dead) throw new Error("the comm is closed");
    const message = content as PageMessage;
    this.sent.push(message);
    this.onsend(message);
  }

  on(name: string, fn: (...args: never[]) => void): void {
    this.#handlers.set(name, (this.#handlers.get(name) ?? new Set()).add(fn));
  }

  off(name: string, fn?: ((...args: never[]) => void) | null): void {
    if (fn) this.#handlers.get(name)?.delete(fn);
  }

  /** Call the handlers of an event, as the host does. */
  trigger(name: string, ...args: unknown[]): void {
    for (const fn of [...(this.#handlers.get(name) ?? [])]) (fn as (...args: unknown[]) => void)(...args);
  }

  /** Send a bundle as the kernel does; frames are given as text. */
  bundle(events: ({ frames?: string } & Record<string, unknown>)[]): number {
    const buffers: DataView[] = [];
    const list = events.map(({ frames, ...event }) => {
      if (frames === undefined) return event;
      buffers.push(new DataView(new TextEncoder().encode(frames).buffer));
      return { ...event, buffer: buffers.length - 1 };
    });
    const seq = ++this.#seq;
    this.trigger("msg:custom", { seq, events: list }, buffers);
    return seq;
  }

  types(): string[] {
    return this.sent.map(({ type }) => type);
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function until(what: string, holds: () => boolean, timeoutMs = 20_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not in ${timeoutMs} ms: ${what}`);
    await sleep(5);
  }
}
