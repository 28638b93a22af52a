// One view of a chat widget: the conversation that is shown, the people, the line to say something.

import type { ChatMessage } from "../connection/types.ts";
import type { Card } from "./card.ts";
import type { ChatCalls } from "./chat_calls.ts";
import { commandHint, isComplete, scopeOf } from "./chat_commands.ts";
import { chatLog, type LogContext } from "./chat_log.ts";
import { nameOf } from "./chat_names.ts";
import { chatSpeech } from "./chat_speech.ts";
import { plainSlash, signatureOf, splitCommand, type CommandRow } from "./command_line.ts";
import { fitting } from "./completion.ts";
import type { Choice } from "./completion_menu.ts";
import { compose, type ComposeContext } from "./compose.ts";
import type { Conversation } from "./conversation.ts";
import type { Conversations } from "./conversations.ts";
import { button, element, icon, setNames, setText } from "./dom.ts";
import { drawFrames } from "./frames.ts";
import { memberPanel, peopleOf } from "./member_panel.ts";
import { shownName } from "./names.ts";
import { colorsOf } from "./palette.ts";
import { panelsAround } from "./panels.ts";
import { markSaved } from "./saved_mark.ts";
import { whileEmpty } from "./status.ts";

export interface ChatViewOptions {
  readonly frame: Card;
  readonly conversations: Conversations;
  readonly title: string;
  readonly height: number;
  /** What is called behind a slash; null where a slash is a text like any other. */
  readonly calls: ChatCalls | null;
}

const BACK = "M9.5 3.5 5 8l4.5 4.5";
const DOWN = "M8 3v9.5M4.5 9 8 12.5 11.5 9";
const TYPING_CHECK_MS = 1_000;

export function chatView({ frame, conversations, title, height, calls }: ChatViewOptions, signal: AbortSignal): { request(): void } {
  let shown: Conversation = conversations.main;
  /** The user whom one writes with alone; null in the chat itself. */
  let partner: string | null = null;
  const me = () => conversations.me;
  const named = (user: string) =>
    nameOf(user, conversations.main.link.feed?.members ?? [], shown.messages) ?? nameOf(user, [], conversations.main.messages);
  const colors = () => colorsOf(conversations.main.link.connection?.present(conversations.channel) ?? []);
  const mayTalk = () => shown.link.connection?.may("publish", shown.channel) ?? false;

  const show = (user: string | null) => {
    const next = user === null ? conversations.main : conversations.with(user);
    if (!next) return;
    shown = next;
    partner = user;
    speech.forget();
    log.restart();
    line.refresh();
    line.focus();
    frames.request();
  };

  const people = memberPanel((user) => show(user), signal);
  frame.tools.append(people.root);
  const back = button({ class: "rtw-chat__back", label: `Back to ${title}` }, () => show(null), signal);
  const backDot = element("span", { class: "rtw-chat__unread", hidden: true });
  back.append(icon(BACK), element("span", { text: title }), backDot);
  const withWhom = element("span", { class: "rtw-chat__with" });
  const alone = element("div", { class: "rtw-chat__alone", hidden: true }, back, withWhom);

  const start = (what: "reply" | "edit", message: ChatMessage) => {
    const { draft } = shown;
    draft.reply = what === "reply" ? message : null;
    draft.edit = what === "edit" ? message : null;
    if (what === "edit") draft.text = message.text;
    line.refresh();
    line.focus();
  };
  const panels = panelsAround(frame.root);
  const logContext = (): LogContext => {
    const conversation = shown;
    const { feed, connection } = conversation.link;
    return {
      me: me(),
      nameOf: named,
      showPanel: panels,
      scope: scopeOf(conversation.channel),
      mayTalk: mayTalk(),
      mayModerate: connection?.may("command", conversation.channel) ?? false,
      isLive: conversation.isLive,
      stoppable: (message) => (partner === null ? (calls?.stoppable(message) ?? null) : null),
      stop: (message) => void calls?.stop(message).catch((error: unknown) => speech.say(`not stopped: ${String(error)}`)),
      react: (message, emoji, on) => conversation.react(message.id, emoji, on),
      reply: (message) => start("reply", message),
      edit: (message) => start("edit", message),
      remove: (message) => conversation.remove(message.id),
      retry: (item) => conversation.outbox.retry(item),
      discard: (item) => conversation.outbox.discard(item),
      older: () => (conversation.isLive && feed ? feed.older() : null),
      moved: () => frames.request(),
      leave: () => line.focus(),
    };
  };
  const log = chatLog(logContext, signal);
  const empty = element("div", { class: "rtw-empty" });
  const pill = button({ class: "rtw-chat__pill", hidden: true }, () => toEnd(), signal);
  const count = element("span");
  pill.append(count, icon(DOWN));
  const speech = chatSpeech();
  const box = element("div", { class: "rtw-chat__box" }, alone, element("div", { class: "rtw-chat__frame" }, log.root, empty, pill));
  box.style.height = `${Math.max(120, height)}px`;
  const toEnd = () => {
    log.toEnd();
    frames.request();
  };

  const composeContext = (): ComposeContext => {
    const rows = partner === null && calls ? calls.commands : null;
    const connection = shown.link.connection;
    return {
      draft: shown.draft,
      label: partner === null ? title : (named(partner) ?? shownName(partner)),
      closed: connection?.status.phase === "live" && !mayTalk() ? "you may read here, and not write" : null,
      commands: rows !== null,
      mentions: (typed) => mentionChoices(typed),
      slashes: (typed) => commandChoices(rows ?? [], typed),
      hint: (said) => commandHint(said, rows ?? []),
      complete: (said) => isComplete(said, rows ?? []),
      submit,
      typed: () => shown.typed(),
      editLast: () => {
        const own = [...shown.messages].reverse().find((message) => message.user === me() && !message.command && !message.label);
        if (own && me()) start("edit", own);
      },
      toLog: () => log.focusLast(),
    };
  };
  const line = compose(composeContext, signal);

  const submit = (said: string): string | null => {
    const { reply, edit } = shown.draft;
    if (edit) {
      if (said !== edit.text) shown.edit(edit.id, said);
      return null;
    }
    const callable = partner === null ? calls : null;
    if (callable && splitCommand(said)) {
      const problem = callable.run(said, shown);
      if (problem !== null) return problem;
    } else {
      shown.say(callable ? plainSlash(said) : said, reply?.id ?? null);
    }
    log.toEnd();
    return null;
  };
  const mentionChoices = (typed: string): Choice[] => {
    const known = new Map<string, string>();
    for (const { user, name } of conversations.main.link.feed?.members ?? []) known.set(user, name || user);
    for (const { user, name } of shown.messages) if (user && !known.has(user)) known.set(user, name || user);
    const choices = [...known].filter(([user]) => user !== me() && /^[^\s,;:!?()[\]{}"'<>`*@][^\s,;:!?()[\]{}"'<>`*]*$/u.test(user));
    const colorOf = colors();
    return fitting(choices, typed, (choice) => choice).map(([user, name]) => ({
      insert: `@${user}`,
      name: shownName(name),
      hint: name === user ? "" : `@${shownName(user)}`,
      color: colorOf(user),
    }));
  };

  frame.body.append(box, line.root, speech.root);
  markSaved(frame.root, conversations.main.link, [line.root], signal);

  const draw = () => {
    const { link, outbox, mark } = shown;
    const main = conversations.main.link.feed;
    shown.update(log.atEnd);
    conversations.updateOthers(shown);
    const messages = shown.messages;
    const colorOf = colors();
    log.draw({ messages, more: link.feed?.more ?? false, divider: mark.divider, outgoing: outbox.items, find: (id) => link.feed?.find(id) ?? null, isLeft: (message) => link.feed?.isLeft(message) ?? false, colorOf });
    if (shown.isKnown) speech.hear(messages, me());
    const partners = conversations.partners();
    people.draw(peopleOf(main?.members ?? [], partners, me(), (user) => named(user) ?? shownName(user), (user) => conversations.canWrite(user)), me(), colorOf);
    // Who was there then is not saved.
    people.root.hidden = conversations.main.link.savedAtMs !== null;
    alone.hidden = partner === null;
    setNames(withWhom, partner === null ? "" : `Only ${named(partner) ?? shownName(partner)} and you`);
    backDot.hidden = conversations.main.mark.unread === 0;
    const nothing = partner === null ? "No messages yet. Say hello." : "No messages between the two of you yet.";
    setText(empty, shown.isLive ? nothing : whileEmpty(link, "waiting for the chat…"));
    empty.hidden = messages.length + outbox.items.length > 0;
    pill.hidden = log.atEnd;
    setText(count, mark.unread > 0 ? `${mark.unread} new` : "Newest");
    showTyping();
    line.refresh();
  };
  const showTyping = () => line.typing(shown.typing.line(me(), Date.now()));
  const frames = drawFrames(frame.root, draw, signal);
  const timer = setInterval(showTyping, TYPING_CHECK_MS);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  line.refresh();
  return {
    request() {
      // Nobody draws what nobody sees, but counts it.
      if (!frames.visible) shown.update(false);
      frames.request();
    },
  };
}

function commandChoices(rows: readonly CommandRow[], typed: string): Choice[] {
  return fitting(rows, typed, ({ short }) => [short]).map(({ short, title, schema }) => ({
    insert: `/${short}`,
    name: `/${short} ${signatureOf(schema)}`.trim(),
    hint: title,
    color: null,
  }));
}
