// Figures at a glance: label, value, a note; the exact figure on hover, a click where there is more to see.
const make = (tag, name, text) => {
  const made = document.createElement(tag);
  made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
};

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".kz-tiles");
  if (!root || !data) return;
  root.replaceChildren(
    ...data.tiles.map((tile) => {
      const made = make(tile.id ? "button" : "div", `kz-tile${tile.tone ? ` kz-tile-${tile.tone}` : ""}`);
      made.append(make("div", "kz-label", tile.label), make("div", "kz-value", tile.value));
      made.append(make("div", "kz-note", tile.note || "\u00a0"));
      if (tile.exact) made.title = tile.exact;
      if (tile.id) {
        made.dataset.tile = tile.id;
        made.addEventListener("click", () => setTriggerValue("click", tile.id));
      }
      return made;
    }),
  );
}
