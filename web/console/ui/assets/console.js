// urncast console: adds to pages that work without it. htmx is beside it.
(function () {
  "use strict";
  var doc = document, $ = id => doc.getElementById(id);

  // Times are drawn in UTC and shown in the reader's zone.
  var clock = d => d.toTimeString().slice(0, 8);
  var months = "January February March April May June July August September October November December".split(" ");
  var day = d => d.getDate() + " " + months[d.getMonth()] + " " + d.getFullYear();
  function times(root) {
    root.querySelectorAll("time[data-form]").forEach(t => {
      var d = new Date(t.dateTime), form = t.dataset.form;
      if (isNaN(d)) return;
      t.textContent = form === "time" ? clock(d) : form === "date" ? day(d) : day(d) + " " + clock(d).slice(0, 5);
    });
    root.querySelectorAll("[data-clock]").forEach(c => { c.textContent = clock(new Date(c.dataset.clock)).slice(0, 5); });
    root.querySelectorAll("[data-zone]").forEach(z => { z.textContent = "Times are yours (" + zone + "). Hover for UTC."; });
  }

  // The server groups by days of this zone.
  var zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) doc.cookie = "urncast_zone=" + encodeURIComponent(zone) + ";path=/;max-age=34560000;samesite=lax";

  // At most one announcement in 5 s.
  var said = 0, waiting = "";
  function say(text) {
    var now = Date.now();
    if (now - said < 5000) {
      if (!waiting) setTimeout(() => { var w = waiting; waiting = ""; say(w); }, 5000 - (now - said));
      waiting = text;
      return;
    }
    said = now;
    if ($("said")) $("said").textContent = text;
  }

  function toast(text) {
    var old = doc.querySelector(".toast");
    if (old) old.remove();
    var t = doc.createElement("div");
    t.className = "toast";
    t.role = "status";
    t.textContent = text;
    doc.body.appendChild(t);
    setTimeout(() => t.remove(), 5000);
  }

  doc.addEventListener("click", e => {
    var b = e.target.closest("[data-copy]");
    if (b && navigator.clipboard) navigator.clipboard.writeText(b.dataset.copy).then(() => toast("Copied"));
    var off = e.target.closest("[aria-disabled=true]");
    if (off) e.preventDefault();
  });

  doc.addEventListener("keydown", e => {
    var typing = /^(INPUT|TEXTAREA|SELECT)$/.test(doc.activeElement.tagName) || doc.activeElement.isContentEditable;
    if (e.key === "/" && !typing && !e.ctrlKey && !e.metaKey && !e.altKey && doc.documentElement.dataset.keys !== "off") {
      var find = doc.querySelector(".find input");
      if (find && find.offsetParent) { e.preventDefault(); find.focus(); find.select(); }
    }
    if (e.key === "Escape" && location.hash === "#nav") {
      location.hash = "";
      doc.querySelector(".burger").focus();
    }
  });

  // Files that are dropped go into the field; the form says what is in it.
  ["dragover", "dragleave", "drop", "change"].forEach(name => {
    doc.addEventListener(name, e => {
      var area = e.target.closest("[data-drop]"), input = area && area.querySelector("input");
      if (!area) return;
      if (name !== "change") e.preventDefault();
      area.classList.toggle("over", name === "dragover");
      if (name === "drop") input.files = e.dataTransfer.files;
      area.querySelector("[data-files]").textContent = [...input.files].map(f => f.name).join(", ");
    });
  });

  // Files say how far they are. A second click sends nothing.
  var sending;
  doc.addEventListener("submit", e => {
    var form = e.target;
    if (!form.matches("[data-upload]")) return;
    e.preventDefault();
    if (sending) return;
    var box = form.querySelector("[data-sent]"), words = box.lastElementChild, to = form.getAttribute("action"), x = sending = new XMLHttpRequest(), mb = n => (n / 1e6).toFixed(1);
    box.hidden = false;
    x.upload.onprogress = e => {
      box.firstElementChild.value = e.loaded / e.total;
      words.textContent = mb(e.loaded) + " of " + mb(e.total) + " MB sent";
    };
    x.onreadystatechange = () => { // the answer leads elsewhere
      if (x.readyState !== 2 || x.responseURL.endsWith(to)) return;
      sending = x.onerror = null;
      location = x.responseURL;
      x.abort();
    };
    x.onload = () => { // the form again, with what is wrong
      sending = null;
      $("main").replaceWith(new DOMParser().parseFromString(x.response, "text/html").getElementById("main"));
      focus();
    };
    x.onerror = () => {
      sending = null;
      say(words.textContent = "The connection was lost. Nothing was written. Check sends the files again.");
    };
    x.open("POST", to);
    x.send(new FormData(form));
  });

  // Fragments of the page, keyed by id. One under the pointer or the focus waits.
  var held = {};
  function put(fresh) {
    var old = $(fresh.id);
    if (!old) return;
    if (old.hasAttribute("data-still") && (old.matches(":hover") || old.contains(doc.activeElement))) {
      if (!held[fresh.id]) {
        var later = () => {
          var f = held[fresh.id];
          delete held[fresh.id];
          old.removeEventListener("pointerleave", later);
          old.removeEventListener("focusout", later);
          if (f) setTimeout(() => put(f));
        };
        old.addEventListener("pointerleave", later);
        old.addEventListener("focusout", later);
      }
      held[fresh.id] = fresh;
      return;
    }
    times(fresh);
    if (old.outerHTML === fresh.outerHTML) return;
    var open = [...old.querySelectorAll("details[open][id]")].map(d => d.id);
    var inside = old.contains(doc.activeElement), stops = "a,button,summary,input,select", at = -1;
    if (inside) at = [...old.querySelectorAll(stops)].indexOf(doc.activeElement);
    old.replaceWith(fresh);
    if (at >= 0 && fresh.querySelectorAll(stops)[at]) fresh.querySelectorAll(stops)[at].focus({ preventScroll: true });
    open.forEach(id => { if ($(id)) $(id).open = true; });
    if (window.htmx) window.htmx.process(fresh);
  }

  // New transactions are counted above the list, never pushed into it.
  function newer() {
    var line = $("newer"), newest = $("newest");
    if (!line || !newest || line.dataset.top === "0") return;
    var n = newest.dataset.number - line.dataset.top;
    line.hidden = n <= 0;
    line.firstElementChild.textContent = n + " newer. Show";
  }

  var stream, dot = $("live"), lostAt, soon, late;
  function warn(head, text) {
    $("lost").innerHTML = '<div class="note bad"><span></span><div><h2></h2><p><span></span> <a href="">Reload</a></p></div></div>';
    $("lost").querySelector("h2").textContent = head;
    $("lost").querySelector("p span").textContent = text;
  }
  function lost() {
    if (lostAt) return;
    lostAt = new Date();
    soon = setTimeout(() => {
      dot.classList.add("lost");
      dot.firstElementChild.textContent = "Not live since " + clock(lostAt);
    }, 5000);
    late = setTimeout(warn, 30000, "This page is no longer live since " + clock(lostAt), "What you see is from then. Trying to connect again.");
  }
  function found() {
    lostAt = null;
    clearTimeout(soon);
    clearTimeout(late);
    dot.classList.remove("lost");
    dot.firstElementChild.textContent = "Live";
    $("lost").textContent = "";
  }
  // A browser connects again by itself when a stream ends, and gives up at an answer
  // that is none, such as 503 while the server starts: then it is tried again here, ever
  // more rarely, as long as the page is looked at.
  var again, pause = 2000;
  function silent() {
    clearTimeout(again);
    if (stream) stream.close();
    stream = null;
  }
  function listen() {
    if (stream) return;
    clearTimeout(again);
    stream = new EventSource(doc.body.dataset.live);
    stream.onopen = () => { pause = 2000; found(); };
    stream.onerror = () => {
      lost();
      if (stream.readyState !== 2) return;
      silent();
      again = setTimeout(listen, pause * (1 + Math.random() / 2));
      pause = Math.min(2 * pause, 60000);
    };
    stream.addEventListener("fragments", e => {
      var t = doc.createElement("template");
      t.innerHTML = e.data;
      [...t.content.children].forEach(put);
      newer();
    });
    stream.addEventListener("say", e => say(e.data));
    stream.addEventListener("gone", e => {
      silent();
      listen = () => {};
      lost();
      clearTimeout(late);
      warn(e.data, "Reload it, or go to another page.");
    });
  }
  if (doc.body.dataset.live && dot) {
    listen();
    doc.addEventListener("visibilitychange", () => doc.hidden ? silent() : listen());
    addEventListener("pagehide", silent);
    addEventListener("pageshow", e => e.persisted && listen());
  }

  times(doc);
  doc.addEventListener("htmx:afterSwap", e => times(e.detail.target.parentNode || doc));
  function focus() {
    var at = doc.querySelector("[data-focus]");
    if (at) at.focus();
  }
  focus();
})();
