// What a page does by itself: times, copying, toasts, the dialog, the scale buttons. Nothing here asks the server.
"use strict";

document.documentElement.classList.remove("no-js");

// --- times: the server writes UTC, the reader sees local clocks and ages ---

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const STEPS = [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"], [86400 * 30, 86400, "d"]];

function age(then) {
  const seconds = Math.max(0, (Date.now() - then) / 1000);
  if (seconds < 3) return "just now";
  const step = STEPS.find(([below]) => seconds < below);
  return step ? `${Math.floor(seconds / step[1])} ${step[2]} ago` : date.format(then);
}

function show(time, text) {
  if (time.textContent !== text) time.textContent = text;
}

function setTimes(root) {
  for (const time of root.querySelectorAll("time[data-ago]")) {
    const then = new Date(time.dateTime);
    show(time, age(then));
    time.title = full.format(then);
  }
  for (const time of root.querySelectorAll("time[data-clock]")) {
    const then = new Date(time.dateTime);
    show(time, clock.format(then));
    time.title = full.format(then);
    time.removeAttribute("data-clock");
  }
}

setTimes(document);
setInterval(() => document.hidden || setTimes(document), 1000);

// --- toasts ---

const TOAST_SECONDS = 6;
const toasts = document.getElementById("toasts");

function dismissLater(toast) {
  if (toast.classList.contains("toast-bad")) return; // errors stay until they are read
  let timer = setTimeout(() => toast.remove(), TOAST_SECONDS * 1000);
  toast.addEventListener("mouseenter", () => clearTimeout(timer));
  toast.addEventListener("mouseleave", () => { timer = setTimeout(() => toast.remove(), TOAST_SECONDS * 500); });
}

new MutationObserver((records) => {
  for (const record of records) {
    for (const node of record.addedNodes) if (node.nodeType === 1) dismissLater(node);
  }
  while (toasts.children.length > 4) toasts.firstElementChild.remove();
}).observe(toasts, { childList: true });
for (const toast of toasts.children) dismissLater(toast);

function toastError(title, text) {
  const toast = document.createElement("div");
  toast.className = "toast toast-bad";
  toast.setAttribute("role", "alert");
  const words = document.createElement("p");
  words.className = "toast-text";
  const head = document.createElement("strong");
  const rest = document.createElement("span");
  head.textContent = title;
  rest.textContent = text;
  words.append(head, rest);
  const close = document.createElement("button");
  close.className = "btn btn-quiet btn-small";
  close.dataset.dismiss = "";
  close.textContent = "Dismiss";
  toast.append(words, close);
  toasts.append(toast);
}

// --- clicks ---

const dialog = document.getElementById("dialog");

async function copy(button) {
  const text = button.parentElement.querySelector("pre").textContent.trim();
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without HTTPS there is no clipboard for scripts; a selection can be copied as ever.
    const range = document.createRange();
    range.selectNodeContents(button.parentElement.querySelector("pre"));
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    if (!document.execCommand("copy")) return;
  }
  button.dataset.copied = "";
  const label = button.getAttribute("aria-label");
  button.setAttribute("aria-label", "Copied");
  setTimeout(() => { delete button.dataset.copied; button.setAttribute("aria-label", label); }, 1600);
}

document.addEventListener("click", (event) => {
  const at = event.target;
  if (!(at instanceof Element)) return;
  const button = at.closest("[data-copy]");
  if (button) copy(button);
  at.closest("[data-dismiss]")?.closest(".toast").remove();
  const close = at.closest("[data-close]");
  if (close && dialog.open) {
    dialog.close();
    if (close.dataset.close !== "reload" || close.pathname !== location.pathname) event.preventDefault();
  }
  if (at === dialog) dialog.close(); // its backdrop
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(at)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

dialog.addEventListener("close", () => dialog.replaceChildren());

// --- logs: follow the end until the reader scrolls away, show what was chosen ---

const MOST_LINES = 2000;
const log = document.getElementById("log");
const follow = document.getElementById("log-follow");
const filter = document.getElementById("log-filter");

function setFollowing(pane, on) {
  pane.dataset.follow = on ? "on" : "off";
  if (on) pane.scrollTop = pane.scrollHeight;
  if (pane === log && follow) follow.setAttribute("aria-pressed", String(on));
}

function isAtEnd(pane) {
  return pane.scrollHeight - pane.scrollTop - pane.clientHeight < 24;
}

function watchPane(pane) {
  setFollowing(pane, true);
  pane.addEventListener("scroll", () => {
    const on = isAtEnd(pane);
    if (on !== (pane.dataset.follow === "on")) setFollowing(pane, on);
  }, { passive: true });
  new MutationObserver((records) => {
    const on = pane.dataset.follow === "on";
    if (pane === log) {
      for (const record of records) for (const line of record.addedNodes) choose(line);
      while (on && log.children.length > MOST_LINES) log.firstElementChild.remove();
    }
    if (on) pane.scrollTop = pane.scrollHeight;
  }).observe(pane, { childList: true });
}

function choose(line) {
  if (line.nodeType === 1) line.hidden = Boolean(filter?.value) && line.dataset.from !== filter.value;
}

for (const pane of document.querySelectorAll("[data-follow]")) watchPane(pane);
follow?.addEventListener("click", () => setFollowing(log, log.dataset.follow !== "on"));
filter?.addEventListener("change", () => {
  for (const line of log.children) choose(line);
  setFollowing(log, true);
});
