// LiveChat: what was said, who is here, and a line to say something.

import type { ChatFeed, ChatMessage } from "../connection/types.ts";
import { statusBadge } from "../lib/badge.ts";
import { card } from "../lib/card.ts";
import { chatLog } from "../lib/chat_log.ts";
import { button, element, icon, setText } from "../lib/dom.ts";
import { drawFrames } from "../lib/frames.ts";
import { ownKeys, typingKey } from "../lib/keys.ts";
import { memberChips } from "../lib/member_chips.ts";
import { isLive, linkToHub, type Link } from "../lib/link.ts";
import { number, text } from "../lib/options.ts";
import { Outbox } from "../lib/outbox.ts";
import { Redraws } from "../lib/redraws.ts";
import { savedFeed } from "../lib/saved.ts";
import { markSaved } from "../lib/saved_mark.ts";
import { shortName } from "../lib/titles.ts";
import { whileEmpty } from "../lib/status.ts";
import { defineWidget } from "../lib/widget.ts";

interface Options {
  readonly title: string;
  readonly height: number;
}

interface State {
  readonly channel: string;
  readonly link: Link<ChatFeed>;
  readonly redraws: Redraws;
  /** With the model: what is on its way survives a view that is built again. */
  readonly outbox: Outbox;
  /** What was typed and not sent. */
  draft: string;
}

/** Nearer to the end than this counts as reading the newest. */
const AT_END_PX = 40;
const SAVED_MESSAGES = 30;
const SEND = "M2.5 8h10M8.5 3.5 13 8l-4.5 4.5";
const DOWN = "M8 3v9.5M4.5 9 8 12.5 11.5 9";

export default defineWidget<Options, State>({
  kind: "chat",
  channels: ["chat"],
  options: { title: text(""), height: number(360) },

  open({ hub, channels, saved }, sight, signal) {
    const want = sight.want();
    const channel = channels.get("chat") ?? "";
    const redraws = new Redraws();
    const link = linkToHub<ChatFeed>(
      hub,
      (connection, until) => connection.chat(channel, want, until),
      (feed, until) => {
        feed.onChange(() => redraws.request(), until);
        feed.onStatus(() => redraws.request(), until);
        redraws.request();
      },
      signal,
      savedFeed(saved, "chat", "chat", channel),
    );
    const say = (said: string) => link.feed?.say(said) ?? Promise.reject(new Error("there is no connection to the hub"));
    return { channel, link, redraws, outbox: new Outbox(say, () => redraws.request()), draft: "" };
  },

  show({ options, problems }, state, el, signal) {
    const { channel, link, redraws, outbox } = state;
    const badge = statusBadge({ link, channel, showAge: false }, signal);
    const title = options.title || shortName(channel);
    const view = card(el, { class: "rtw-chat", title, badge, problems }, signal);
    const members = memberChips();
    view.tools.append(members.root);

    const send = (said: string) => outbox.send(said, link.feed?.messages ?? [], Date.now());
    const log = chatLog(
      () => {
        const fromEnd = log.root.scrollHeight - log.root.scrollTop;
        log.draw(link.feed?.messages ?? [], outbox, me());
        log.root.scrollTop = log.root.scrollHeight - fromEnd;
      },
      (item) => {
        outbox.discard(item);
        send(item.text);
      },
      (item) => outbox.discard(item),
      signal,
    );
    const me = () => link.connection?.user ?? null;
    const empty = element("div", { class: "rtw-empty" });
    const pill = button({ class: "rtw-chat__pill", hidden: true }, () => toEnd(), signal);
    pill.append(element("span", { text: "New messages" }), icon(DOWN));
    const input = element("textarea", { class: "rtw-chat__input", label: `Message to ${title}` });
    input.rows = 1;
    ownKeys(input, typingKey, signal);
    input.placeholder = "Message";
    input.value = state.draft;
    const post = button({ class: "rtw-chat__post", label: "Send" }, () => submit(), signal);
    post.append(icon(SEND));
    const frame = element("div", { class: "rtw-chat__frame" }, log.root, empty, pill);
    frame.style.height = `${Math.max(120, options.height)}px`;
    const compose = element("div", { class: "rtw-chat__compose" }, input, post);
    view.body.append(frame, compose);
    markSaved(view.root, link, [compose], signal);

    let following = true;
    let seen = 0;
    const toEnd = () => {
      following = true;
      log.root.scrollTop = log.root.scrollHeight;
      pill.hidden = true;
    };
    const submit = () => {
      const said = input.value.trim();
      if (!said) return;
      input.value = state.draft = "";
      fit();
      following = true;
      send(said);
    };
    const fit = () => {
      input.style.height = "auto";
      input.style.height = `${Math.min(input.scrollHeight, 120)}px`;
      post.disabled = input.value.trim() === "";
    };
    input.addEventListener(
      "input",
      () => {
        state.draft = input.value;
        fit();
      },
      { signal },
    );
    input.addEventListener(
      "keydown",
      (event) => {
        // An unfinished composition ends with Enter too.
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        submit();
      },
      { signal },
    );
    log.root.addEventListener(
      "scroll",
      () => {
        following = log.root.scrollHeight - log.root.scrollTop - log.root.clientHeight < AT_END_PX;
        if (following) pill.hidden = true;
      },
      { signal, passive: true },
    );

    const draw = () => {
      const messages = link.feed?.messages ?? [];
      outbox.reconcile(messages, me());
      log.draw(messages, outbox, me());
      setText(empty, isLive(link) ? "No messages yet. Say hello." : whileEmpty(link, "waiting for the chat…"));
      empty.hidden = messages.length + outbox.items.length > 0;
      members.draw(link.feed?.members ?? [], me());
      // Who was there then is not saved.
      members.root.hidden = link.savedAtMs !== null;
      if (following) toEnd();
      else if (messages.length > seen) pill.hidden = false;
      seen = messages.length;
    };
    const frames = drawFrames(view.root, draw, signal);
    redraws.add(frames.request, signal);
    fit();
  },

  picture: (_spec, { link }, share) =>
    isLive(link) && link.feed ? { chat: { messages: link.feed.messages.slice(-Math.max(1, SAVED_MESSAGES * share)).map(asKept) } } : null,
});

/** A message as a chat's snapshot has it. */
function asKept({ id, text, user, name, timeMs, edited, open, reactions }: ChatMessage): Readonly<Record<string, unknown>> {
  return { id, text, user, name, time: timeMs, edited, open, reactions: Object.fromEntries(reactions) };
}
