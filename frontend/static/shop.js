// Everything here is a convenience: each page works without it.
(() => {
  "use strict";
  const one = (selector, within = document) => within.querySelector(selector);

  const say = (text, kind = "ok", word = "Done.") => {
    const note = document.createElement("p");
    const strong = document.createElement("strong");
    note.className = `notice ${kind}`;
    strong.textContent = word;
    note.append(strong, ` ${text}`);
    one("#notices").replaceChildren(note);
  };

  // The basket: add without leaving the page, and keep the badge right.
  const badge = (count) => {
    const badge = one("[data-basket]");
    const words = document.createElement("span");
    words.className = "hidden";
    words.textContent = count === 1 ? " item" : " items";
    badge.classList.toggle("none", count === 0);
    badge.replaceChildren(String(count), words);
  };

  const add = async (form, button, again = true) => {
    const body = new URLSearchParams(new FormData(form, button));
    const answer = await fetch(form.action, { method: "POST", body, headers: { accept: "application/json" } });
    const { count, message, csrf } = await answer.json();
    if (csrf && again) {
      // The visitor has signed in or out in another tab.
      form.elements.csrf.value = csrf;
      return add(form, button, false);
    }
    if (count !== undefined) badge(count);
    if (answer.ok) say(message); else say(message, "error", "Not added.");
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-add]")) {
      event.preventDefault();
      const button = event.submitter;
      add(form, button).catch(() => {
        delete form.dataset.add;
        form.requestSubmit(button);
      });
    } else if (form.matches("[data-theme-switch]") && event.submitter) {
      event.preventDefault();
      theme(form, event.submitter.value);
    } else if (one("[data-once]", form)) {
      // A second click on the way out would only be answered with the same order.
      setTimeout(() => { one("[data-once]", form).disabled = true; });
    }
  });
  addEventListener("pageshow", () => {
    document.querySelectorAll("[data-once]").forEach((button) => { button.disabled = false; });
  });

  // Light and dark.
  const theme = (form, value) => {
    const root = document.documentElement;
    if (value === "auto") delete root.dataset.theme; else root.dataset.theme = value;
    document.cookie = `theme=${value}; Path=/; Max-Age=31536000; SameSite=Lax`;
    for (const button of form.elements.theme) button.setAttribute("aria-pressed", button.value === value);
  };

  // Filter as you type: the same URL, its list put in place of ours.
  const filter = one("[data-filter]");
  if (filter) {
    let waiting, running;
    const show = async () => {
      running?.abort();
      running = new AbortController();
      const query = new URLSearchParams(new FormData(filter));
      for (const [name, value] of [...query]) if (!value) query.delete(name);
      const url = `${filter.getAttribute("action")}${query.size ? `?${query}` : ""}`;
      const answer = await fetch(url, { signal: running.signal });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const id of ["results", "tags"]) {
        const [old, young] = [one(`#${id}`), one(`#${id}`, fresh)];
        if (old && young) old.replaceWith(young);
      }
      history.replaceState(null, "", url);
      one("#announce").textContent = one("#count").textContent;
    };
    const soon = (wait) => {
      clearTimeout(waiting);
      waiting = setTimeout(() => show().catch(() => {}), wait);
    };
    one("[type=search]", filter).addEventListener("input", () => soon(200));
    one("select", filter).addEventListener("change", () => soon(0));
  }

  // The way of an order, as it happens.
  const timeline = one("[data-events]");
  if (timeline) {
    const events = new EventSource(timeline.dataset.events);
    events.addEventListener("timeline", ({ data }) => {
      const { html, said, cancel } = JSON.parse(data);
      timeline.innerHTML = html;
      one("#said").textContent = said;
      if (!cancel) one("#cancel")?.remove();
    });
    // Newer pages of this customer are told now; this one can be asked for by hand.
    events.addEventListener("replaced", () => { events.close(); });
    events.addEventListener("final", () => {
      events.close();
      one("[data-check]")?.remove();
    });
  }

  // What went wrong comes first.
  one("[data-focus]")?.focus();
})();
