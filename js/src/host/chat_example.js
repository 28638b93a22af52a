// A chat without a framework and without widgets: an official client of the hub's protocol, a form and a list.
// Open this page in many tabs. What you send in one is in all of them at once.

import { Centrifuge } from "centrifuge";

const CHANNEL = "chat:examples/chat";
const hubUrl = new URL("..", import.meta.url); // the hub, whatever stands before it
const socketUrl = new URL("connection/websocket", hubUrl);
socketUrl.protocol = socketUrl.protocol.replace("http", "ws");

const [nameForm, sayForm] = [document.querySelector("#name"), document.querySelector("#say")];
const [messages, state] = [document.querySelector("#messages"), document.querySelector("#state")];

// Who we are. A token says it: the hub gives one to a guest with a name; who is signed in has one already.
async function getToken(name) {
  const kept = JSON.parse(sessionStorage.getItem(`rtwidgets.admission ${hubUrl.pathname}`));
  if (kept?.session === "" && kept.expires_at_ms > Date.now()) return kept.token;
  if (!name) return null;
  const body = JSON.stringify({ example: "chat", name });
  const response = await fetch(new URL("api/join", hubUrl), { method: "POST", body });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer.token;
}

function start(token) {
  const hub = new Centrifuge(socketUrl.href, { token });
  const chat = hub.newSubscription(CHANNEL, { recoverable: true });

  // First everything that the hub has kept, then each message as it comes. A connection that broke goes on by itself.
  chat.on("subscribed", ({ data, recovered }) => {
    if (recovered) return;
    messages.replaceChildren();
    for (const { name, text, time } of data.messages) show(name, text, time);
  });
  chat.on("publication", ({ data, info }) => {
    if (data.type === "message") show(info?.connInfo?.name ?? info?.user, data.text, Date.now());
  });
  chat.on("unsubscribed", ({ reason }) => (state.textContent = `no right to read this chat: ${reason}`));

  hub.on("connected", () => (state.textContent = "connected"));
  hub.on("connecting", () => (state.textContent = "connecting…"));
  hub.on("disconnected", ({ reason }) => (state.textContent = `the hub ended the connection: ${reason}; reload the page`));
  chat.subscribe();
  hub.connect();

  nameForm.hidden = true;
  sayForm.hidden = false;
  sayForm.elements.text.focus();
  sayForm.addEventListener("submit", (event) => {
    event.preventDefault();
    const { text } = sayForm.elements;
    if (text.value.trim() === "") return;
    // The id is the message's own: the same one sent twice is one message.
    hub.publish(CHANNEL, { type: "message", id: crypto.getRandomValues(new Uint32Array(4)).join("-"), text: text.value })
      .then(() => (text.value = ""), (error) => (state.textContent = `not sent: ${error.message}`));
  });
}

// Text of others goes in as text, never as HTML.
function show(name, text, time) {
  const line = document.createElement("li");
  const parts = [["b", name || "somebody"], ["span", text], ["time", new Date(time).toLocaleTimeString()]];
  for (const [tag, content] of parts) line.appendChild(document.createElement(tag)).textContent = content;
  messages.append(line);
  line.scrollIntoView({ block: "nearest" });
}

async function tryToStart(name) {
  try {
    const token = await getToken(name);
    if (token !== null) start(token);
    else nameForm.hidden = false;
  } catch (error) {
    nameForm.hidden = false;
    state.textContent = error.message;
  }
}

nameForm.addEventListener("submit", (event) => {
  event.preventDefault();
  void tryToStart(nameForm.elements.name.value);
});
void tryToStart("");
