// What a page does together with the server: forms without reloading, the stream of events, morphing that spares what the
// reader is about to send.
"use strict";

// --- the reader's hand goes before the server's: what was typed and not sent is left alone ---

const sparing = {
  morphStyle: "outerHTML",
  callbacks: {
    beforeNodeMorphed: (old) => !(old instanceof Element && old.hasAttribute("data-dirty")),
    // Whether a disclosure is open is the reader's choice too.
    beforeAttributeUpdated: (name, element) => !(name === "open" && element instanceof HTMLDetailsElement),
  },
};

htmx.defineExtension("morph", {
  isInlineSwap: (style) => style === "morph",
  handleSwap: (style, target, fragment) => style === "morph" && Idiomorph.morph(target, fragment.children, sparing),
});

document.addEventListener("input", (event) => {
  if (event.target.closest("[hx-swap-oob]")) event.target.dataset.dirty = "";
});

function clean(form) {
  for (const field of form.elements) delete field.dataset.dirty;
  const around = form.closest("[data-dirty]");
  if (around) delete around.dataset.dirty;
}

// --- scale: the number follows at once, the server is asked when the clicking stops ---

const PAUSE = { button: 220, typing: 700 }; // milliseconds
const scaling = new WeakMap(); // form → how often it was changed, how much of that was sent, the timer

function scaler(form) {
  if (!scaling.has(form)) scaling.set(form, { changed: 0, sent: 0, timer: 0 });
  return scaling.get(form);
}

function scaleSoon(form, pause) {
  const state = scaler(form);
  const field = form.elements.quantity;
  field.dataset.dirty = "";
  state.changed += 1;
  const value = Number(field.value);
  for (const step of form.querySelectorAll("[name=step]")) {
    step.disabled = Number(step.value) < 0 ? value <= 0 : value >= Number(field.max);
  }
  clearTimeout(state.timer);
  state.timer = setTimeout(() => field.reportValidity() && form.requestSubmit(), pause);
}

document.addEventListener("click", (event) => {
  const step = event.target instanceof Element && event.target.closest("[data-scaler] [name=step]");
  if (!step) return;
  event.preventDefault();
  const field = step.form.elements.quantity;
  field.value = Math.min(Math.max(Number(field.value || 0) + Number(step.value), 0), Number(field.max));
  scaleSoon(step.form, PAUSE.button);
});

document.addEventListener("input", (event) => {
  const form = event.target.closest("[data-scaler]");
  if (form && event.target.value !== "") scaleSoon(form, PAUSE.typing);
});

document.addEventListener("submit", (event) => {
  const state = scaling.get(event.target);
  if (state) clearTimeout(state.timer);
}, true);

document.addEventListener("htmx:configRequest", (event) => {
  // The field holds the sum already; htmx would send the button that was clicked last along with it.
  if (scaling.has(event.detail.elt)) delete event.detail.parameters.step;
});

// --- answers ---

document.addEventListener("htmx:beforeRequest", (event) => {
  const state = scaling.get(event.detail.elt);
  if (state) state.sent = state.changed;
});

let isLeaving = false;
document.addEventListener("htmx:beforeOnLoad", (event) => {
  isLeaving = isLeaving || event.detail.xhr.getResponseHeader("HX-Redirect") !== null;
});

document.addEventListener("console:done", (event) => {
  const form = event.target;
  if (dialog.contains(form)) dialog.close();
  const state = scaling.get(form);
  if (state && state.sent !== state.changed) return; // clicked again meanwhile: that is sent next
  if (!(form instanceof HTMLFormElement)) return;
  clean(form);
  if ("reset" in form.dataset) form.reset();
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, xhr, successful } = event.detail;
  if (successful) return;
  if (scaling.has(elt)) {
    elt.elements.quantity.value = elt.elements.quantity.defaultValue; // back to what is wanted as far as we know
    clean(elt);
  }
  if (!xhr.status) {
    toastError("The console does not answer.", "Nothing was changed as far as this page knows. It goes on by itself when the connection is back.");
  } else if (xhr.status >= 500 && !xhr.responseText.includes("toast")) {
    toastError("That did not work.", "The platform is busy or restarting. Try again in a moment.");
  }
});

document.addEventListener("htmx:afterSwap", (event) => {
  const target = event.detail.target;
  if (target === dialog && !dialog.open && dialog.firstElementChild) dialog.showModal();
  setTimes(target?.isConnected ? target : document);
});

document.addEventListener("htmx:oobAfterSwap", (event) => {
  const target = event.detail.target;
  if (target.id === "build-log" && !("watched" in target.dataset)) {
    target.dataset.watched = "";
    watchPane(target);
  }
  setTimes(target.parentElement || document);
});

// --- the stream ---

const HIDDEN_SECONDS = 30; // a page that nobody looks at gives its connection back
const connection = document.getElementById("connection");
let cursor = "";
let source = null;
let hiddenTimer = 0;

htmx.createEventSource = (url) => {
  const address = new URL(url, location);
  if (cursor) address.searchParams.set("after", cursor);
  source = new EventSource(address);
  return source;
};

function setConnection(state, text) {
  if (!connection) return;
  connection.dataset.state = state;
  connection.firstElementChild.textContent = text;
}

function pause() {
  if (!source) return;
  source.close();
  source = null;
  setConnection("idle", "Paused");
}

function resume() {
  const live = document.getElementById("live");
  if (!live || source) return;
  const fresh = live.cloneNode();
  live.replaceWith(fresh);
  htmx.process(fresh);
}

document.addEventListener("htmx:sseOpen", () => setConnection("live", "Live"));
document.addEventListener("htmx:sseError", () => setConnection("lost", "Reconnecting…"));
document.addEventListener("htmx:sseMessage", (event) => {
  if (event.detail.lastEventId) cursor = event.detail.lastEventId;
});
document.addEventListener("htmx:sseClose", (event) => {
  // The session or the app is over. A form under way (deleting the app) knows better where to go.
  if (event.detail.type === "message" && !isLeaving && !document.querySelector("form.htmx-request")) location.reload();
});

document.addEventListener("visibilitychange", () => {
  clearTimeout(hiddenTimer);
  if (document.hidden) hiddenTimer = setTimeout(pause, HIDDEN_SECONDS * 1000);
  else resume();
});
addEventListener("pagehide", pause);
addEventListener("pageshow", (event) => { if (event.persisted) resume(); });
