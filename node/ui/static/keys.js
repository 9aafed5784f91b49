// Keys for people who work through lists: j and k move, Enter opens, / searches, ? shows this list.
// Everything works without this file.
"use strict";
document.addEventListener("keydown", function (event) {
  var at = event.target;
  if (event.ctrlKey || event.altKey || event.metaKey || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName)) return;
  if (event.key === "/") {
    var box = document.querySelector("input[type=search]");
    if (box) { event.preventDefault(); box.focus(); box.select(); }
  } else if (event.key === "?") {
    var keys = document.getElementById("keys");
    if (keys) { keys.open = !keys.open; if (keys.open) keys.querySelector("summary").focus(); }
  } else if (event.key === "j" || event.key === "k") {
    var rows = Array.prototype.slice.call(document.querySelectorAll("a.go, a.row"));
    if (!rows.length) return;
    var now = rows.indexOf(document.activeElement);
    var next = event.key === "j" ? Math.min(now + 1, rows.length - 1) : Math.max(now - 1, 0);
    rows[next].focus();
  }
});
