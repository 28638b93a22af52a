// The page's connection to the hub that serves it.

import { socketUrl } from "../connection/direct.ts";
import { Connection } from "../connection/hub.ts";
import type { SocketLike } from "../connection/relay.ts";
import { writableSlot } from "../connection/registry.ts";
import { showOwnNotices } from "../lib/page_notices.ts";
import type { Admission } from "./join.ts";
import { PagePort } from "./page_port.ts";

/** The hub's key in the specs of widgets on this page. */
export const HUB = "page";

/** Connect as who came in, for the page's widgets too, until the signal aborts. */
export function connect(base: URL, admission: Admission, signal: AbortSignal): Connection {
  const open = (): SocketLike => new WebSocket(socketUrl(base.href)) as SocketLike;
  const connection = new Connection(HUB, {
    page: { base: base.href, hostname: location.hostname },
    openSocket: open,
    probe: () => Promise.resolve("there is one way only"),
  });
  const port = new PagePort(admission, open);
  connection.addPort(port);
  port.onconfig();
  const slot = writableSlot(HUB);
  slot.put(connection);
  showOwnNotices(connection, signal);
  signal.addEventListener(
    "abort",
    () => {
      slot.put(null);
      connection.removePort(port);
    },
    { once: true },
  );
  return connection;
}
