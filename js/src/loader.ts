// The front end of the hidden Relay model: unpacks the kit that the model carries, and hands the model over to it.

import type { InitializeProps, RenderProps } from "./lib/afm.ts";
import { BUILD } from "./lib/build.ts";
import { kitSlot, withKit } from "./lib/kit_slot.ts";

/** Import the kit, which puts itself into its slot. */
async function unpack(packed: unknown): Promise<void> {
  if (typeof packed !== "string" || packed === "") throw new Error("its relay brought no code; run the notebook's cells again");
  if (typeof DecompressionStream !== "function") {
    throw new Error("this browser has no DecompressionStream; use Chrome or Edge 80, Firefox 113, Safari 16.4 or newer");
  }
  const bytes = Uint8Array.from(atob(packed), (char) => char.charCodeAt(0));
  const code = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  try {
    await import(url);
  } catch (error) {
    throw new Error(`this page lets no code from a blob address in (${error instanceof Error ? error.message : String(error)}); its policy needs script-src blob:`);
  } finally {
    URL.revokeObjectURL(url);
  }
}

export default {
  /** Nothing is lost while the kit is unpacked: a kernel sends to a page only what the page has asked for. */
  initialize(props: InitializeProps): () => void {
    const slot = kitSlot(BUILD);
    slot.load(() => unpack(props.model.get("kit")));
    return withKit(slot, props.signal, (kit) => kit.joinRelay(props));
  },

  render({ model, el }: RenderProps): void {
    el.textContent = `Relay to the hub ${String(model.get("hub_key"))}; the widgets of this page use it.`;
  },
};
