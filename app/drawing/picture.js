// A network that pyvis described: drawn where Python placed it, told back by what is clicked.
const make = (tag, name, text) => {
  const made = document.createElement(tag);
  made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
};

const save = (name, href) => {
  const link = document.createElement("a");
  [link.download, link.href] = [name, href];
  link.click();
};

const SIDE = 100;
const ABOVE = 45;
const ROOM = 12;
const BULGE = [0.2, 0.35, 0.5, 0.65, 0.8];
const whole = ({ network, canvas }) => {
  // vis knows the size of boxes that it draws itself only: half of one is kept free on each side, and room for curves.
  const places = Object.values(network.getPositions());
  if (!places.length || !canvas.clientWidth || !canvas.clientHeight) return; // nothing, or not on the page yet
  const curves = Object.values(network.body.edges).filter(({ connected, edgeType }) => connected && edgeType.getViaNode?.());
  const bulges = curves.flatMap(({ edgeType }) => BULGE.map((at) => edgeType.getPoint(at, edgeType.getViaNode())));
  const least = (axis, half) => Math.min(...places.map((p) => p[axis] - half), ...bulges.map((p) => p[axis] - ROOM));
  const most = (axis, half) => Math.max(...places.map((p) => p[axis] + half), ...bulges.map((p) => p[axis] + ROOM));
  const [left, right, top, bottom] = [least("x", SIDE), most("x", SIDE), least("y", ABOVE), most("y", ABOVE)];
  const scale = Math.min(canvas.clientWidth / (right - left), canvas.clientHeight / (bottom - top), 1);
  network.moveTo({ position: { x: (left + right) / 2, y: (top + bottom) / 2 }, scale });
};

const bar = (state, words) => {
  const held = make("div", "kz-tools");
  const button = (text, title, act) => {
    const made = make("button", "kz-tool", text);
    made.title = title;
    made.setAttribute("aria-label", title);
    made.addEventListener("click", act);
    held.append(made);
  };
  const zoom = (by) => {
    state.moved = true;
    state.network.moveTo({ scale: state.network.getScale() * by });
  };
  button("+", words.closer, () => zoom(1.25));
  button("−", words.farther, () => zoom(0.8));
  button("⤢", words.whole, () => {
    state.moved = false;
    whole(state);
  });
  button("PNG", words.png, () => {
    const from = state.canvas.querySelector("canvas");
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [from.width, from.height];
    const pen = copy.getContext("2d");
    pen.fillStyle = "#ffffff";
    pen.fillRect(0, 0, copy.width, copy.height);
    pen.drawImage(from, 0, 0);
    save(`${words.file}.png`, copy.toDataURL("image/png"));
  });
  button("JSON", words.data, () => {
    const nodes = state.nodes.get().map(({ id, label, x, y }) => ({ id, label, x, y }));
    const edges = state.edges.get().map(({ id, from, to, title }) => ({ id, from, to, title }));
    const url = URL.createObjectURL(new Blob([JSON.stringify({ nodes, edges }, null, 1)], { type: "application/json" }));
    save(`${words.file}.json`, url);
    URL.revokeObjectURL(url);
  });
  return held;
};

const legend = (entries) => {
  const held = make("div", "kz-legend");
  for (const entry of entries) {
    const line = make("span", "kz-key");
    const mark = make("span", entry.node ? "kz-box" : "kz-line");
    Object.assign(mark.style, entry.style);
    line.append(mark, make("span", "", entry.text));
    held.append(line);
  }
  return held;
};

const SPACE = 4;
const shaped = (node) => {
  // vis draws the lines of a label too close for Chinese; its boxes are drawn here, measured once.
  const round = node.shape === "ellipse";
  const lines = (node.label || "").split("\n");
  const LINE = node.font.size + SPACE;
  let width = 0;
  const ctxRenderer = ({ ctx, x, y, state: { selected, hover } }) => {
    const font = `${node.font.size}px ${node.font.face}`;
    if (!width) {
      ctx.font = font;
      width = Math.max(...lines.map((line) => ctx.measureText(line).width)) + (round ? 34 : 20);
    }
    const height = lines.length * LINE + (round ? 16 : 10);
    const drawNode = () => {
      ctx.save();
      ctx.beginPath();
      if (round) ctx.ellipse(x, y, width / 2, height / 2, 0, 0, 2 * Math.PI);
      else ctx.roundRect(x - width / 2, y - height / 2, width, height, 3);
      ctx.fillStyle = selected ? node.color.highlight.background : node.color.background;
      ctx.fill();
      ctx.strokeStyle = selected || hover ? node.color.highlight.border : node.color.border;
      ctx.lineWidth = selected ? 3 : hover ? 2 : 1;
      ctx.setLineDash(node.shapeProperties.borderDashes || []);
      ctx.stroke();
      ctx.fillStyle = selected ? node.color.highlight.border : node.font.color;
      ctx.font = font;
      ctx.textAlign = "center";
      ctx.textBaseline = "middle";
      lines.forEach((line, i) => ctx.fillText(line, x, y + (i - (lines.length - 1) / 2) * LINE));
      ctx.restore();
    };
    return { drawNode, nodeDimensions: { width, height } };
  };
  return { ...node, shape: "custom", ctxRenderer };
};

const ALONG = [0.5, 0.42, 0.58, 0.34, 0.66, 0.27, 0.73, 0.2, 0.8];
const shared = (a, b) =>
  Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) *
  Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
const around = ({ x, y }, width, height) => ({
  left: x - width / 2, right: x + width / 2, top: y - height / 2, bottom: y + height / 2,
});

const labels = (state, ctx) => {
  // Where it covers neither a box nor another label, as near to the middle of its line as can be.
  if (state.dragged) return;
  const { nodes, edges } = state.network.body;
  const drawn = state.nodes.getIds().filter((id) => nodes[id]); // while a set is renewed vis has some of it only
  const taken = drawn.map((id) => around(nodes[id], nodes[id].shape.width, nodes[id].shape.height));
  const { size, face, color, background } = state.font;
  ctx.font = `${size}px ${face}`;
  [ctx.textAlign, ctx.textBaseline] = ["center", "middle"];
  for (const { id, text } of state.edges.get()) {
    const { edgeType, connected } = edges[id] ?? {};
    if (!text || !connected) continue;
    const lines = text.split("\n");
    const width = Math.max(...lines.map((line) => ctx.measureText(line).width)) + SPACE;
    const height = lines.length * (size + SPACE);
    let best;
    for (const along of ALONG) {
      const at = edgeType.getPoint(along, edgeType.getViaNode());
      const box = around(at, width, height);
      const cost = taken.reduce((sum, other) => sum + shared(box, other), 0);
      if (!best || cost < best.cost) best = { at, box, cost };
      if (!cost) break;
    }
    taken.push(best.box);
    ctx.fillStyle = background;
    ctx.fillRect(best.box.left, best.box.top, width, height);
    ctx.fillStyle = color;
    lines.forEach((line, i) => ctx.fillText(line, best.at.x, best.at.y + (i - (lines.length - 1) / 2) * (size + SPACE)));
  }
};

const DRAGGED = 6;
const TWICE = 180;
const clicks = (state) => {
  // The browser's own events: vis takes a double click that is a little slow for two clicks.
  let from;
  let waiting;
  state.canvas.addEventListener("pointerdown", (event) => (from = event), true);
  state.canvas.addEventListener("click", (event) => {
    clearTimeout(waiting);
    if (Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY) > DRAGGED) return;
    const at = { x: event.offsetX, y: event.offsetY };
    const [node, edge] = [state.network.getNodeAt(at), state.network.getEdgeAt(at)];
    if (node && event.detail > 1) state.tell("drill", { node });
    else if (node || edge) waiting = setTimeout(() => state.tell("click", node ? { node } : { edge }), TWICE);
  });
};

const renew = (set, items, keep) => {
  const known = new Set(set.getIds());
  set.update(items.map((item) => (keep && known.has(item.id) ? { ...item, x: undefined, y: undefined } : item)));
  const wanted = new Set(items.map((item) => item.id));
  set.remove([...known].filter((id) => !wanted.has(id)));
};

const draw = (root, data, tell) => {
  const vis = globalThis.konzernVis;
  const told = JSON.stringify(data);
  let state = root.konzern;
  if (!state || state.token !== data.token) {
    state?.watch.disconnect();
    state?.network.destroy();
    const canvas = make("div", "kz-canvas");
    canvas.style.height = `${data.height}px`;
    state = root.konzern = { token: data.token, canvas, nodes: new vis.DataSet(data.nodes.map(shaped)), edges: new vis.DataSet(data.edges) };
    root.replaceChildren();
    root.append(canvas);
    state.network = new vis.Network(canvas, { nodes: state.nodes, edges: state.edges }, data.options);
    state.font = data.options.edges.font;
    state.network.on("dragStart", () => (state.dragged = state.moved = true));
    state.network.on("zoom", () => (state.moved = true));
    // A canvas that changes its width has vis change the scale too: the whole is shown until somebody looks closer.
    state.network.on("resize", () => queueMicrotask(() => state.moved || whole(state)));
    state.network.on("dragEnd", () => (state.dragged = false));
    state.network.on("afterDrawing", (ctx) => labels(state, ctx));
    state.network.once("afterDrawing", () => {
      root.dataset.drawn = data.nodes.length;
      whole(state);
    });
    root.prepend(bar(state, data.words));
    state.key = make("div", "");
    root.append(state.key);
    clicks(state);
    state.watch = new ResizeObserver(() => state.network.redraw());
    state.watch.observe(canvas);
  } else if (state.told !== told) {
    renew(state.nodes, data.nodes.map(shaped), true);
    renew(state.edges, data.edges, false);
    root.dataset.drawn = data.nodes.length;
  }
  state.tell = tell;
  if (state.told === told) return; // a run that changed something else
  state.told = told;
  state.key.replaceChildren(legend(data.legend));
  root.choose = () => {
    const { nodes = [], edges = [] } = globalThis.konzernChoice ?? {};
    state.network.setSelection({
      nodes: nodes.filter((id) => state.nodes.get(id)),
      edges: edges.filter((id) => state.edges.get(id)),
    });
  };
  root.choose();
  root.network = state.network;
};

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".kz-picture");
  if (!root || !data) return;
  const go = () => draw(root, data, (name, value) => setTriggerValue(name, value));
  if (globalThis.konzernVis) go();
  else globalThis.addEventListener("konzern-vis", go, { once: true });
}
