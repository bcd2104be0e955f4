// Behaviour of the page: theme, figures, sortable tables, filters. No network, no dependencies but Plotly.
"use strict";
(() => {
  const root = document.documentElement;
  const systemDark = matchMedia("(prefers-color-scheme: dark)");
  const canHover = matchMedia("(hover: hover)").matches;

  // --- Theme: the system's, until the reader chooses (theme.js reads the choice before the first paint)
  const remember = (theme) => {
    try { localStorage.setItem("spinodal-theme", theme); } catch { /* storage is closed to this page */ }
  };
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : systemDark.matches);
  const toggle = document.querySelector(".theme");
  const setTheme = (theme) => {
    if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
    toggle.setAttribute("aria-pressed", String(isDark()));
    redraw();
  };
  toggle.addEventListener("click", () => {
    const next = isDark() ? "light" : "dark";
    remember(next);
    setTheme(next);
  });
  systemDark.addEventListener("change", () => setTheme(root.dataset.theme));

  // --- Figures: specifications name the page's colours ("--a", "--a/0.3"); they are looked up when drawn
  const specs = JSON.parse(document.getElementById("figures").textContent);
  const probe = document.body.appendChild(document.createElement("i"));
  probe.hidden = true;
  const colour = (token) => {
    const [name, alpha] = token.split("/");
    probe.style.color = `var(${name})`;
    const [r, g, b] = getComputedStyle(probe).color.match(/[\d.]+/g);
    return `rgba(${r}, ${g}, ${b}, ${alpha ?? 1})`;
  };
  const resolve = (value, isColour) => {
    if (Array.isArray(value)) return value.map((item) => resolve(item, isColour));
    if (value && typeof value === "object") {
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, resolve(item, key.endsWith("color"))]),
      );
    }
    return isColour && typeof value === "string" && value.startsWith("--") ? colour(value) : value;
  };
  const axis = {
    automargin: true, gridcolor: "--grid", linecolor: "--rule", zeroline: false, tickcolor: "--rule", ticks: "outside", ticklen: 4,
    title: { font: { size: 12, color: "--ink-soft" }, standoff: 8 },
  };
  const merge = (base, extra) => {
    const merged = { ...base };
    for (const [key, value] of Object.entries(extra ?? {})) {
      const both = value && base[key] && typeof value === "object" && !Array.isArray(value);
      merged[key] = both ? merge(base[key], value) : value;
    }
    return merged;
  };
  const layoutOf = (spec) => {
    const layout = merge({
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, autosize: true,
      dragmode: false, hovermode: "closest", margin: { l: 46, r: 14, t: 12, b: 42 },
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: "--ink-soft" },
      hoverlabel: { bgcolor: "--surface", bordercolor: "--rule", align: "left", font: { color: "--ink", size: 13 } },
    }, spec.layout);
    for (const key of Object.keys(layout).filter((name) => /^[xy]axis\d*$/.test(name))) {
      layout[key] = merge(axis, layout[key]);
      if (layout.dragmode === false || !canHover) layout[key].fixedrange = true;
    }
    if (!canHover) layout.dragmode = false;
    return resolve(layout, false);
  };
  const config = {
    responsive: true, displaylogo: false, scrollZoom: false, displayModeBar: canHover ? "hover" : false,
    modeBarButtons: [["toImage"]], toImageButtonOptions: { format: "svg" },
  };
  const drawn = new Set();
  const draw = (box) => {
    const spec = specs[box.dataset.figure];
    Plotly.react(box, resolve(spec.data, false), layoutOf(spec), config);
    box.dataset.drawn = isDark() ? "dark" : "light";
    drawn.add(box);
  };
  const redraw = () => drawn.forEach(draw);
  const boxes = [...document.querySelectorAll("[data-figure]")];
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((one) => one.isIntersecting)) {
      watcher.unobserve(entry.target);
      if (!drawn.has(entry.target)) draw(entry.target);
    }
  }, { rootMargin: "400px" });
  boxes.forEach((box) => watcher.observe(box));
  const whenIdle = window.requestIdleCallback ?? ((work) => setTimeout(work, 60));
  const drawRest = () => {
    const next = boxes.find((box) => !drawn.has(box) && box.offsetParent !== null);
    if (!next) return;
    draw(next);
    whenIdle(drawRest);
  };
  addEventListener("load", () => whenIdle(drawRest));

  // --- Printing: everything drawn, in the light colours
  let beforePrint = null;
  addEventListener("beforeprint", () => {
    beforePrint = root.dataset.theme ?? "";
    root.dataset.theme = "light";
    boxes.forEach(draw);
  });
  addEventListener("afterprint", () => setTheme(beforePrint));

  // --- Sortable tables: a button in each header cell
  const keyOf = (row, column) => {
    const cell = row.cells[column];
    if (cell.dataset.sort === undefined) return cell.textContent.trim().toLowerCase();
    return cell.dataset.sort === "" ? NaN : Number(cell.dataset.sort);
  };
  const order = (a, b) => {
    const aMissing = Number.isNaN(a), bMissing = Number.isNaN(b);
    if (aMissing || bMissing) return null;
    return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
  };
  const sortBy = (header) => {
    const table = header.closest("table");
    const column = header.cellIndex;
    const direction = header.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", direction);
    const sign = direction === "ascending" ? 1 : -1;
    const rows = [...table.tBodies[0].rows].map((row) => [keyOf(row, column), row]);
    rows.sort(([a], [b]) => {  // missing values last, whichever way
      const by = order(a, b);
      return by === null ? Number(Number.isNaN(a)) - Number(Number.isNaN(b)) : sign * by;
    });
    table.tBodies[0].append(...rows.map(([, row]) => row));
  };
  for (const button of document.querySelectorAll("th button")) {
    button.addEventListener("click", () => sortBy(button.closest("th")));
  }

  // --- Filters: show the pairs of one outcome
  const filters = [...document.querySelectorAll("[data-filter]")];
  for (const button of filters) {
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      filters.forEach((other) => other.setAttribute("aria-pressed", String(on && other === button)));
      for (const card of document.querySelectorAll("[data-outcome]")) {
        card.hidden = on && card.dataset.outcome !== button.dataset.filter;
      }
    });
  }

  // --- Sieves: show the rows of a table that hold every word typed
  for (const field of document.querySelectorAll("[data-rows]")) {
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of document.getElementById(field.dataset.rows).tBodies[0].rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      }
    });
  }

  setTheme(root.dataset.theme);
})();
