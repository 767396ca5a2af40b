"use strict";
// Lists and forms work without this: it keeps the player's choice of light or dark, and brings "/" to the search.
try {
  document.documentElement.dataset.theme = localStorage.getItem("scrim.theme") ?? "auto";
} catch {
  // The browser keeps nothing for this site.
}
document.addEventListener("keydown", (event) => {
  const search = document.getElementById("search");
  if (event.key !== "/" || event.ctrlKey || event.altKey || event.metaKey || !search || event.target.matches("input, select")) return;
  event.preventDefault();
  search.focus();
  search.select();
});
