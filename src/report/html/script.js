"use strict";
(() => {
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  let pinned = null;

  // Everything that belongs to one instruction: its row, its words, its uses.
  const show = (ref) => {
    for (const lit of all(".lit")) lit.classList.remove("lit");
    if (ref) for (const part of all(`[data-ref="${CSS.escape(ref)}"]`)) part.classList.add("lit");
  };
  const refOf = (target) => target instanceof Element ? target.closest("[data-ref]")?.dataset.ref ?? null : null;

  // Brings the other side's first row into view within its own scroll box, never the page.
  const reveal = (from, ref) => {
    const mine = from.closest(".side");
    for (const row of all(`tr[data-ref="${CSS.escape(ref)}"]`)) {
      const side = row.closest(".side");
      if (!side || side === mine) continue;
      const box = side.querySelector(".listing");
      if (!box || box.scrollHeight <= box.clientHeight) return;
      const [inner, outer] = [row.getBoundingClientRect(), box.getBoundingClientRect()];
      if (inner.top < outer.top || inner.bottom > outer.bottom) box.scrollTop += inner.top - outer.top - box.clientHeight / 3;
      return;
    }
  };

  document.addEventListener("pointerover", (e) => { if (e.pointerType !== "touch") show(refOf(e.target) ?? pinned); });
  document.addEventListener("focusin", (e) => {
    const ref = refOf(e.target);
    if (ref) { show(ref); reveal(e.target, ref); } else show(pinned);
  });
  document.addEventListener("click", (e) => {
    const ref = refOf(e.target);
    if (e.target instanceof Element && e.target.closest("a, button")) return;
    pinned = ref && ref !== pinned ? ref : null;
    show(pinned);
    if (pinned) reveal(e.target, pinned);
  });
  document.addEventListener("keydown", (e) => {
    if (e.key === "Escape") { pinned = null; show(null); }
  });
  for (const hint of all(".hint")) hint.hidden = false;

  const copy = async (text) => {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) throw new Error("refused");
  };
  for (const button of all("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await copy(document.getElementById(button.dataset.copy).textContent);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Select and copy";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
  }
})();
