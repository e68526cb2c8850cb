// What the pages cannot say in HTML: the river's handle follows the slider, forms of choices send themselves.
"use strict";
document.addEventListener("input", (event) => {
  const slider = event.target;
  if (!slider.matches("#scrub")) return;
  const day = new Date(Date.parse(slider.dataset.first) + 86400000 * Number(slider.value));
  const said = day.toLocaleDateString(document.documentElement.lang, { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
  slider.setAttribute("aria-valuetext", said);
  const out = document.getElementById("scrubbed");
  if (out) out.textContent = said;
  const box = slider.parentElement.querySelector("svg").viewBox.baseVal;
  const x = (box.width - 140) * Number(slider.value) / Number(slider.max);
  slider.parentElement.querySelector("svg .hnd").setAttribute("cx", x);
  slider.parentElement.querySelector("svg .now").setAttribute("d", `M${x} 6V${box.height - 20}`);
});
// a month by the page keys, a day by the arrows
document.addEventListener("keydown", (event) => {
  const slider = event.target;
  if (!slider.matches || !slider.matches("#scrub") || !["PageUp", "PageDown"].includes(event.key)) return;
  event.preventDefault();
  slider.value = Number(slider.value) + (event.key === "PageUp" ? 30 : -30);
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  slider.dispatchEvent(new Event("change", { bubbles: true }));
});
document.addEventListener("change", (event) => {
  if (event.target.closest("form[data-sends]")) event.target.form.requestSubmit();
});
document.addEventListener("keydown", (event) => {
  const open = document.querySelector(".asof details[open]");
  if (event.key === "Escape" && open) { open.open = false; open.querySelector("summary").focus(); }
});
// what looks for news by itself rests while nobody sees it
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.target.matches("[data-live]")) event.preventDefault();
});
// on a phone the pages' names scroll sideways: the one that is open is in sight
const showPage = () => {
  const nav = document.querySelector(".mast nav"), here = nav && nav.querySelector("[aria-current]");
  if (here) nav.scrollLeft = here.offsetLeft - nav.offsetLeft - (nav.clientWidth - here.clientWidth) / 2;
};
document.addEventListener("DOMContentLoaded", showPage);
showPage();
