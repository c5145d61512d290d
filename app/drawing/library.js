export default function () {
  if (globalThis.konzernVis) return;
  globalThis.konzernVis = vis;
  globalThis.dispatchEvent(new Event("konzern-vis"));
}
