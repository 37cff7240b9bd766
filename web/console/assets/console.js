// urncast console: adds to pages that work without it. No dependency; htmx is beside it.
(function () {
  "use strict";
  var doc = document, $ = function (id) { return doc.getElementById(id); };

  // Times are drawn in UTC and shown in the reader's zone.
  var pad = function (n) { return (n < 10 ? "0" : "") + n; };
  var clock = function (d) { return pad(d.getHours()) + ":" + pad(d.getMinutes()) + ":" + pad(d.getSeconds()); };
  var months = "January February March April May June July August September October November December".split(" ");
  var day = function (d) { return d.getDate() + " " + months[d.getMonth()] + " " + d.getFullYear(); };
  function times(root) {
    root.querySelectorAll("time[data-form]").forEach(function (t) {
      var d = new Date(t.dateTime), form = t.dataset.form;
      if (isNaN(d)) return;
      t.textContent = form === "time" ? clock(d) : form === "date" ? day(d) : day(d) + " " + clock(d).slice(0, 5);
    });
    root.querySelectorAll("[data-clock]").forEach(function (c) { c.textContent = clock(new Date(c.dataset.clock)).slice(0, 5); });
    root.querySelectorAll("[data-zone]").forEach(function (z) {
      z.textContent = "Times are yours (" + zone + "). Hover for UTC.";
    });
  }

  // The server groups by days of this zone.
  var zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) doc.cookie = "urncast_zone=" + encodeURIComponent(zone) + ";path=/;max-age=34560000;samesite=lax";

  // At most one announcement in 5 s.
  var said = 0, waiting = "";
  function say(text) {
    var now = Date.now();
    if (now - said < 5000) {
      if (!waiting) setTimeout(function () { var w = waiting; waiting = ""; say(w); }, 5000 - (now - said));
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
    t.setAttribute("role", "status");
    t.textContent = text;
    doc.body.appendChild(t);
    setTimeout(function () { t.remove(); }, 5000);
  }

  doc.addEventListener("click", function (e) {
    var b = e.target.closest("[data-copy]");
    if (b && navigator.clipboard) navigator.clipboard.writeText(b.dataset.copy).then(function () { toast("Copied"); });
    var off = e.target.closest("[aria-disabled=true]");
    if (off) e.preventDefault();
  });

  doc.addEventListener("keydown", function (e) {
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
  doc.querySelectorAll("[data-drop]").forEach(function (area) {
    var input = area.querySelector("input[type=file]"), list = area.querySelector("[data-files]");
    var show = function () {
      if (list) list.textContent = Array.prototype.map.call(input.files, function (f) { return f.name; }).join(", ");
    };
    ["dragover", "dragleave", "drop"].forEach(function (name) {
      area.addEventListener(name, function (e) {
        e.preventDefault();
        area.classList.toggle("over", name === "dragover");
        if (name === "drop") { input.files = e.dataTransfer.files; show(); }
      });
    });
    input.addEventListener("change", show);
  });

  // Fragments of the page, keyed by id. One under the pointer or the focus waits.
  var held = {};
  function put(fresh) {
    var old = $(fresh.id);
    if (!old) return;
    if (old.hasAttribute("data-still") && (old.matches(":hover") || old.contains(doc.activeElement))) {
      if (!held[fresh.id]) {
        var later = function () {
          var f = held[fresh.id];
          delete held[fresh.id];
          old.removeEventListener("pointerleave", later);
          old.removeEventListener("focusout", later);
          if (f) setTimeout(function () { put(f); }, 0);
        };
        old.addEventListener("pointerleave", later);
        old.addEventListener("focusout", later);
      }
      held[fresh.id] = fresh;
      return;
    }
    times(fresh);
    if (old.outerHTML === fresh.outerHTML) return;
    var open = Array.prototype.map.call(old.querySelectorAll("details[open][id]"), function (d) { return d.id; });
    var inside = old.contains(doc.activeElement), stops = "a,button,summary,input,select", at = -1;
    if (inside) at = Array.prototype.indexOf.call(old.querySelectorAll(stops), doc.activeElement);
    old.replaceWith(fresh);
    if (at >= 0 && fresh.querySelectorAll(stops)[at]) fresh.querySelectorAll(stops)[at].focus({ preventScroll: true });
    open.forEach(function (id) { if ($(id)) $(id).open = true; });
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
  function lost() {
    if (lostAt) return;
    lostAt = new Date();
    soon = setTimeout(function () {
      dot.classList.add("lost");
      dot.firstElementChild.textContent = "Not live since " + clock(lostAt);
    }, 5000);
    late = setTimeout(function () {
      $("lost").innerHTML = '<div class="note bad"><span></span><div><h2></h2><p>What you see is from then. Trying to connect again; <a href="">reload</a> works too.</p></div></div>';
      $("lost").querySelector("h2").textContent = "This page is no longer live since " + clock(lostAt);
    }, 30000);
  }
  function found() {
    lostAt = null;
    clearTimeout(soon);
    clearTimeout(late);
    dot.classList.remove("lost");
    dot.firstElementChild.textContent = "Live";
    $("lost").textContent = "";
  }
  function listen() {
    if (stream) return;
    stream = new EventSource(doc.body.dataset.live);
    stream.onopen = found;
    stream.onerror = lost;
    stream.addEventListener("fragments", function (e) {
      var t = doc.createElement("template");
      t.innerHTML = e.data;
      Array.prototype.slice.call(t.content.children).forEach(put);
      newer();
    });
    stream.addEventListener("say", function (e) { say(e.data); });
  }
  if (doc.body.dataset.live && dot && window.EventSource) {
    listen();
    doc.addEventListener("visibilitychange", function () {
      if (!doc.hidden) return listen();
      stream.close();
      stream = null;
    });
    addEventListener("pagehide", function () { if (stream) stream.close(); stream = null; });
  }

  times(doc);
  doc.addEventListener("htmx:afterSwap", function (e) { times(e.detail.target.parentNode || doc); });
  var focus = doc.querySelector("[data-focus]");
  if (focus) focus.focus();
})();
