// Front end of the hidden Relay model: brings a kernel's relay into the page's connection to its hub.
//
// Each model runs its own copy of this module, so what they share is in the registry only.

import { fetchJson, jupyterBase, socketProbe, type OpenSocket } from "./direct.ts";
import { Connection } from "./hub.ts";
import { randomId } from "./ids.ts";
import { RelayPort, type RelayModel, type SocketLike } from "./relay.ts";
import { writableSlot } from "./registry.ts";

interface Host {
  readonly model: RelayModel;
  /** Hosts before anywidget 0.10 have none. */
  readonly signal?: AbortSignal;
}

interface View {
  readonly model: RelayModel;
  readonly el: HTMLElement;
}

function connect(key: string): Connection {
  const slot = writableSlot(key);
  // Only this bundle puts connections into slots, so it is one of ours, if perhaps of another copy of this module.
  if (slot.connection !== null) return slot.connection as Connection;
  const openSocket: OpenSocket | null =
    typeof WebSocket === "function" ? (url) => new WebSocket(url) as SocketLike : null;
  const connection = new Connection(key, {
    page: { base: jupyterBase(document), hostname: location.hostname },
    openSocket,
    probe: socketProbe((url) => new WebSocket(url) as SocketLike, fetchJson),
  });
  slot.put(connection);
  return connection;
}

export default {
  /** Register the kernel's relay; the result ends it, for hosts that give no signal. */
  initialize({ model, signal }: Host): () => void {
    const connection = connect(String(model.get("hub_key")));
    const port = new RelayPort(model, randomId(), { origin: location.origin, base: jupyterBase(document) });
    connection.addPort(port);
    const leaving = new AbortController();
    const end = (): void => {
      leaving.abort();
      connection.removePort(port);
    };
    addEventListener("pagehide", ({ persisted }) => persisted || port.bye(), { signal: leaving.signal });
    signal?.addEventListener("abort", end, { once: true });
    return end;
  },

  render({ model, el }: View): void {
    el.textContent = `Relay to the hub ${String(model.get("hub_key"))}; the widgets of this page use it.`;
  },
};
