// What is chosen, apart from what it is chosen in: a click then sends a few bytes, not the picture again.
const marked = (home) => {
  // The first page stands at the root; at the address of its own name Streamlit marks no entry as the current one.
  const entry = document.querySelector('[data-testid="stTopNav"] a');
  const at = location.pathname.replace(/\/$/, "").split("/").pop();
  if (entry && at === home) entry.setAttribute("aria-current", "page");
  else if (entry && entry.pathname !== location.pathname) entry.removeAttribute("aria-current");
};

export default function ({ data }) {
  if (!data) return;
  globalThis.konzernChoice = data;
  marked(data.home);
  document.querySelectorAll(".kz-table, .kz-picture").forEach((root) => root.choose?.());
}
