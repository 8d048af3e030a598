// The drawing surface. Strokes are kept as [pen, x0, y0, x1, y1, …], in fractions of the canvas's
// side, so that they mean the same on every screen. See canvas.py.

const SEND_EVERY = 100; // milliseconds between two messages while a stroke is drawn
const INK = "#1b2733";

// Make an element with text or children: h("p", {class: "says"}, "Hello").
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

// An icon of strokes in a box of 24 × 24.
function icon(path) {
  const span = h("span", { class: "dd-icon", "aria-hidden": "true" });
  span.innerHTML = `<svg viewBox="0 0 24 24" width="18" height="18" fill="none" stroke="currentColor"
    stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><path d="${path}"/></svg>`;
  return span;
}

function makeCanvas(model, onDraw = () => {}) {
  const held = model.get("drawing");
  let strokes = held.strokes.map((stroke) => [...stroke]);
  let n = held.n;
  let stroke = null; // the one being drawn
  let pointer = null; // whose it is
  let pen = 0.075;
  let keys = null; // the pen of the keyboard: {x, y, down}
  let timer = null;

  const canvas = h("canvas", {
    tabindex: 0,
    role: "application",
    "aria-roledescription": "drawing canvas",
    "aria-label":
      "Canvas. Draw with a mouse, a pen or a finger. On the keyboard, the arrows move the pen (with " +
      "Shift further), Space puts it down or lifts it, Backspace undoes and Delete clears.",
  });
  const ring = h("div", { class: "dd-ring", "aria-hidden": "true", hidden: true });
  const hint = h("div", { class: "dd-hint", "aria-hidden": "true" }, "Draw a digit here");
  const said = h("div", { class: "dd-unseen", role: "status" });
  const paper = h("div", { class: "dd-paper" }, canvas, hint, ring);
  const context = canvas.getContext("2d");

  const undo = button("Undo", "M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3", () => {
    lift();
    strokes.pop();
    changed();
  });
  const clear = button("Clear", "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13", () => {
    lift();
    strokes = [];
    changed();
  });
  const width = h("input", {
    type: "range", min: 3, max: 15, step: 0.5, value: 100 * pen, "aria-label": "Pen width",
    oninput: () => {
      pen = width.value / 100;
      dot.style.transform = `scale(${pen / 0.15})`;
    },
  });
  const dot = h("i", { style: `transform: scale(${pen / 0.15})` });
  const pens = h("label", { class: "dd-pens" }, h("span", { class: "dd-dot" }, dot), width);
  const tools = h("div", { class: "dd-tools" }, pens, undo, clear);
  const element = h("div", { class: "dd-canvas", "data-n": n, "data-lm-suppress-shortcuts": "true" },
    paper, tools, said);

  function button(name, path, onclick) {
    return h("button", { type: "button", class: "dd-button", onclick }, icon(path),
      h("span", { class: "dd-name" }, name));
  }

  // Sending. The widget itself waits with a message until the one before is answered.

  function changed() {
    n += 1;
    element.dataset.n = n;
    onDraw(n);
    redraw();
    if (stroke === null) send();
    else timer ??= setTimeout(send, SEND_EVERY);
  }

  function send() {
    clearTimeout(timer);
    timer = null;
    model.set("drawing", { n, strokes: strokes.map((each) => [...each]) });
    model.save_changes();
  }

  // Drawing

  function redraw() {
    const side = canvas.width;
    context.clearRect(0, 0, side, side);
    context.strokeStyle = context.fillStyle = INK;
    context.lineCap = context.lineJoin = "round";
    for (const [width, ...points] of strokes) {
      context.beginPath();
      if (points.length === 2) { // a dot: a line without length is not drawn
        context.arc(points[0] * side, points[1] * side, width * side / 2, 0, 2 * Math.PI);
        context.fill();
        continue;
      }
      context.lineWidth = width * side;
      for (let i = 0; i < points.length; i += 2) {
        context.lineTo(points[i] * side, points[i + 1] * side);
      }
      context.stroke();
    }
    hint.hidden = strokes.length > 0 || Boolean(paper.dataset.picture);
    undo.disabled = strokes.length === 0;
    clear.disabled = strokes.length === 0 && !paper.dataset.picture;
  }

  const round = (number) => Math.round(1e4 * Math.min(Math.max(number, -0.5), 1.5)) / 1e4;

  function begin(x, y) {
    stroke = [pen, round(x), round(y)];
    strokes.push(stroke);
    changed();
  }

  function extend(x, y) {
    const last = stroke.length - 2;
    if (Math.hypot(stroke[last] - x, stroke[last + 1] - y) < 0.01) return; // less than two of its pixels
    stroke.push(round(x), round(y));
    changed();
  }

  function lift() {
    if (stroke === null) return;
    stroke = pointer = null;
    if (keys) keys.down = false;
    if (timer !== null) send(); // else all of it is on its way
  }

  // Pointers: mouse, pen, finger

  function place(event) {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  function showRing(x, y, down) {
    const side = canvas.clientWidth;
    ring.hidden = false;
    ring.classList.toggle("dd-down", Boolean(down));
    ring.style.width = ring.style.height = `${pen * side}px`;
    ring.style.transform = `translate(${x * side}px, ${y * side}px) translate(-50%, -50%)`;
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (pointer !== null || event.button !== 0) return; // a second finger, another button
    lift();
    keys = null;
    pointer = event.pointerId;
    canvas.setPointerCapture(pointer);
    begin(...place(event));
    showRing(...place(event), true);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (keys === null && event.pointerType !== "touch") showRing(...place(event), stroke);
    if (event.pointerId !== pointer) return;
    const all = event.getCoalescedEvents?.() ?? [];
    for (const each of all.length ? all : [event]) extend(...place(each));
  });
  for (const kind of ["pointerup", "pointercancel", "lostpointercapture"]) {
    canvas.addEventListener(kind, (event) => {
      if (event.pointerId !== pointer) return;
      lift();
      if (event.pointerType === "touch") ring.hidden = true;
      else ring.classList.remove("dd-down");
    });
  }
  canvas.addEventListener("pointerleave", () => {
    if (keys === null && stroke === null) ring.hidden = true;
  });

  // Keys

  const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  canvas.addEventListener("keydown", (event) => {
    const way = WAYS[event.key];
    const command = event.ctrlKey || event.metaKey;
    if (way && !command && !event.altKey) {
      keys ??= { x: 0.5, y: 0.5, down: false };
      const step = event.shiftKey ? 0.1 : 0.025;
      keys.x = Math.min(Math.max(keys.x + step * way[0], 0), 1);
      keys.y = Math.min(Math.max(keys.y + step * way[1], 0), 1);
      if (keys.down) extend(keys.x, keys.y);
    } else if (event.key === " ") {
      keys ??= { x: 0.5, y: 0.5, down: false };
      if (!event.repeat) { // some hold it down while they draw
        if (keys.down) lift();
        else {
          keys.down = true;
          begin(keys.x, keys.y);
        }
        say();
      }
    } else if (event.key === "Escape" && keys?.down) {
      lift();
      say();
    } else if (event.key === "Backspace" || (command && event.key === "z")) undo.click();
    else if (event.key === "Delete") clear.click();
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (keys) showRing(keys.x, keys.y, keys.down);
  });
  canvas.addEventListener("keyup", (event) => {
    if (WAYS[event.key] && keys) say(); // once, when the pen has come to rest
  });
  canvas.addEventListener("blur", () => {
    if (keys) lift();
    keys = null;
    ring.hidden = true;
  });

  function say() {
    const [across, down] = [keys.x, keys.y].map((part) => Math.round(100 * part));
    said.textContent = `Pen ${keys.down ? "down" : "up"}, ${across} % across, ${down} % down.`;
  }

  new ResizeObserver(() => {
    const side = Math.round(canvas.clientWidth * window.devicePixelRatio);
    if (side === 0 || side === canvas.width) return;
    canvas.width = canvas.height = side;
    redraw();
  }).observe(canvas);
  redraw();

  // Take the strokes away because a picture lies there now. That is no new drawing: n stays.
  function forget() {
    lift();
    strokes = [];
    model.set("drawing", { n, strokes });
    redraw();
  }
  return { element, paper, tools, forget, isDrawing: () => stroke !== null };
}
