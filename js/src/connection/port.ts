// Who gives the page its tokens and, where there is no direct way, its sockets.

import type { RelayConfig, RelayToken, SocketLike } from "./relay.ts";
import type { Transport } from "./types.ts";

/** A kernel's relay, or the page itself where it is the hub's own. */
export interface Port {
  /** Null until it has told us of its hub. */
  readonly config: RelayConfig | null;
  token: RelayToken | null;
  /** Why there is no newer token. */
  readonly problem: string | null;
  /** Whether it answered when it was last asked for something. */
  answers: boolean;
  /** What its sockets are. */
  readonly transport: Transport;
  /** Whether its token is made anew when a widget needs more than it gives; else the hub's answer is the last word. */
  readonly grows: boolean;
  onconfig: () => void;
  ontoken: () => void;
  open(): SocketLike;
  /** Ask for a token; `ontoken` follows. */
  askToken(): void;
  /** Look whether it is still there. */
  check(): void;
  close(): void;
  /** The hub takes the token no more, or it has ended: say what that means, or null where another will come. */
  refused(reason: string): string | null;
}
