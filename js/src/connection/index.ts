// Front end of the hidden Relay model: brings a kernel's relay into the page's connection to its hub.
//
// It runs in the kit, so the relays of all kernels of one build share the connections.

import type { InitializeProps } from "../lib/afm.ts";
import { showOwnNotices } from "../lib/page_notices.ts";
import { fetchJson, jupyterBase, socketProbe, type OpenSocket } from "./direct.ts";
import { Connection } from "./hub.ts";
import { randomId } from "./ids.ts";
import { RelayPort, type RelayModel, type SocketLike } from "./relay.ts";
import { writableSlot } from "./registry.ts";

interface Host extends InitializeProps {
  readonly model: RelayModel;
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

/** Register a kernel's relay; the result ends it, for hosts that give no signal. */
export function joinRelay(props: InitializeProps): () => void {
  // The loader passes on what the host gave it.
  const { model, signal } = props as Host;
  const connection = connect(String(model.get("hub_key")));
  const port = new RelayPort(model, randomId(), { origin: location.origin, base: jupyterBase(document) });
  connection.addPort(port);
  const leaving = new AbortController();
  const end = (): void => {
    leaving.abort();
    connection.removePort(port);
  };
  showOwnNotices(connection, leaving.signal);
  addEventListener("pagehide", ({ persisted }) => persisted || port.bye(), { signal: leaving.signal });
  signal?.addEventListener("abort", end, { once: true });
  return end;
}
