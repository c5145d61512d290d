// A table whose texts are only ever text: rows can be clicked, columns sorted, exact figures read on hover.
const make = (tag, name, text) => {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
};

const drawn = (cell, align) => {
  const held = typeof cell === "object" && cell !== null ? cell : { t: cell };
  const td = make("td", `kz-${align}${held.tone ? ` kz-${held.tone}` : ""}`);
  if (held.x) td.title = held.x;
  if (held.heat !== undefined) td.style.setProperty("--kz-heat", held.heat);
  if (held.heat !== undefined) td.classList.add("kz-heat");
  if (held.bar) {
    const [from, width, tone] = held.bar;
    const track = make("span", "kz-track");
    const bar = make("span", `kz-bar kz-bar-${tone}`);
    bar.style.left = `${from}%`;
    bar.style.width = `${Math.max(width, 0.4)}%`;
    track.append(bar);
    td.append(track);
    return td;
  }
  td.append(held.chip ? make("span", "kz-chip", held.t) : held.t ?? "");
  if (held.sub) td.append(make("div", "kz-sub", held.sub));
  return td;
};

const key = (cell) => (typeof cell === "object" && cell !== null ? cell.k ?? cell.t ?? "" : cell ?? "");

const compare = (a, b) =>
  typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".kz-table");
  if (!root || !data) return;
  const state = (root.konzern ??= { by: -1, down: true });
  state.tell = setTriggerValue;
  const told = JSON.stringify(data);
  if (state.told === told) return; // a run that changed something else: nothing to draw again
  state.told = told;
  const draw = () => {
    const order = data.rows.map((row, i) => [row, i]);
    if (state.by >= 0) {
      order.sort(([a, i], [b, j]) => {
        const way = compare(key(a.cells[state.by]), key(b.cells[state.by]));
        return (state.down ? -way : way) || i - j;
      });
    }
    const table = make("table");
    const head = make("tr");
    data.columns.forEach((column, place) => {
      const th = make("th", `kz-${column.align}`, column.label);
      if (column.help) th.title = column.help;
      if (column.help) th.classList.add("kz-help");
      th.scope = "col";
      if (place === state.by) th.append(make("span", "kz-sort", state.down ? " ↓" : " ↑"));
      th.addEventListener("click", () => {
        state.down = state.by === place ? !state.down : true;
        state.by = place;
        draw();
      });
      head.append(th);
    });
    const top = make("thead");
    top.append(head);
    const body = make("tbody");
    for (const [row] of order) {
      const tr = make("tr", "");
      row.cells.forEach((cell, place) => tr.append(drawn(cell, data.columns[place].align)));
      if (row.total) tr.classList.add("kz-total");
      if (row.id && data.clickable) {
        tr.classList.add("kz-link");
        tr.tabIndex = 0;
        tr.dataset.row = row.id;
        const go = () => state.tell("click", row.id);
        tr.addEventListener("click", go);
        tr.addEventListener("keydown", (event) => event.key === "Enter" && go());
      }
      body.append(tr);
    }
    table.append(top, body);
    const frame = make("div", "kz-scroll");
    if (data.height) frame.style.maxHeight = `${data.height}px`;
    frame.append(table);
    root.replaceChildren(frame);
    if (!data.rows.length) root.append(make("div", "kz-empty", data.empty));
    if (data.more) root.append(make("div", "kz-more", data.more));
    root.choose();
  };
  root.choose = () => {
    const chosen = data.selected || globalThis.konzernChoice?.rows?.[data.key];
    root.querySelectorAll("tr[data-row]").forEach((tr) => tr.classList.toggle("kz-chosen", tr.dataset.row === chosen));
  };
  draw();
}
