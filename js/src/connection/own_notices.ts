// The channel of what is addressed to the page's user.

/** Source: rtwidgets/core/notices.py. */
const PREFIX = "event:rtwidgets.notices#";
const MAX_NAME = 255;

/** A user's channel of notices; null for a user whose name can stand in no channel name. The user may always read it. */
export function noticesOf(user: string): string | null {
  const channel = PREFIX + user;
  return /^[!-~]+$/.test(user) && !/[,#]/.test(user) && channel.length <= MAX_NAME ? channel : null;
}

/** Whether a channel is of notices to one user: the hub alone writes there, and only that user reads it. */
export function isToOne(channel: string): boolean {
  return channel.startsWith(PREFIX);
}
