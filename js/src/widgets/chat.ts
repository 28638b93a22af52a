// LiveChat: what was said, who is here, and a line to say something, to all or to one of them alone.

import { writeMessage } from "../feeds/chat_forms.ts";
import { statusBadge } from "../lib/badge.ts";
import { card } from "../lib/card.ts";
import { ChatCalls } from "../lib/chat_calls.ts";
import { chatView } from "../lib/chat_view.ts";
import { Conversations } from "../lib/conversations.ts";
import { flag, height, text } from "../lib/options.ts";
import { localMarks } from "../lib/read_mark.ts";
import { Redraws } from "../lib/redraws.ts";
import { savedFeed } from "../lib/saved.ts";
import { titleOf } from "../lib/titles.ts";
import { defineWidget } from "../lib/widget.ts";

interface Options {
  readonly title: string;
  readonly height: number;
  readonly commands: boolean;
}

interface State {
  readonly conversations: Conversations;
  /** Null where a slash is a text like any other. */
  readonly calls: ChatCalls | null;
  readonly redraws: Redraws;
}

const SAVED_MESSAGES = 30;

export default defineWidget<Options, State>({
  kind: "chat",
  channels: ["chat"],
  options: { title: text(""), height: height(360), commands: flag(true) },

  open({ hub, channels, options, saved }, sight, signal) {
    const channel = channels.get("chat") ?? "";
    const redraws = new Redraws();
    const want = sight.want();
    const shown = savedFeed(saved, "chat", "chat", channel);
    const conversations = new Conversations(hub, channel, want, localMarks(), () => redraws.request(), signal, shown);
    const calls = options.commands ? new ChatCalls(hub, channel, want, () => redraws.request(), signal) : null;
    return { conversations, calls, redraws };
  },

  show({ options, problems }, { conversations, calls, redraws }, el, signal) {
    const { channel, main } = conversations;
    const title = options.title || titleOf(channel);
    const badge = statusBadge({ link: main.link, channel, showAge: false }, signal);
    const frame = card(el, { class: "rtw-chat", title, badge, problems }, signal);
    const view = chatView({ frame, conversations, title, height: options.height, calls }, signal);
    redraws.add(view.request, signal);
  },

  picture(_spec, { conversations }, share) {
    const { isLive, messages } = conversations.main;
    return isLive ? { chat: { messages: messages.slice(-Math.max(1, SAVED_MESSAGES * share)).map(writeMessage) } } : null;
  },
});
