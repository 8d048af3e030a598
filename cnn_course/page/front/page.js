// The whole page: two tabs, which differ in how a picture comes in.

const MOST_BYTES = 20 * 2 ** 20; // as in reading.py
const PAUSE = 150; // milliseconds without a change until the inside is asked for
const PATIENCE = 8000; // milliseconds without an answer until the page says so

function render({ model, el }) {
  const about = model.get("about");
  const lost = h("p", { class: "dd-lost", role: "alert", hidden: true },
    "The server does not answer. Reload the page to continue.");
  let waiting = null;
  const wait = () => {
    waiting ??= setTimeout(() => (lost.hidden = false), PATIENCE);
  };
  const heard = () => {
    clearTimeout(waiting);
    waiting = null;
    lost.hidden = true;
  };

  // Uploading: a button, or a file dropped on the picture

  let sent = Math.max(model.get("uploaded").n, model.get("hands").n); // messages; each has a number

  function makeUpload(name, place) {
    const problem = h("p", { class: "dd-problem", role: "alert" });
    const input = h("input", { type: "file", accept: "image/png,image/jpeg,image/webp",
      class: "dd-unseen", onchange: () => {
        send(input.files[0]);
        input.value = ""; // so that the same file can be chosen again
      } });
    const label = h("label", { class: "dd-button" },
      icon("M12 16V4M7 9l5-5 5 5M4 16v4h16v-4"), h("span", {}, "Upload", h("span", { class: "dd-name" }, " a picture")), input);
    async function send(file) {
      if (!file) return;
      problem.textContent = "";
      if (file.size > MOST_BYTES) {
        problem.textContent = `${file.name} has ${Math.round(file.size / 2 ** 20)} MB, and at most ` +
          "20 MB can be sent. Choose a smaller picture.";
        return;
      }
      let bytes;
      try {
        bytes = await file.arrayBuffer();
      } catch {
        problem.textContent = `The browser could not read ${file.name}. Choose another file.`;
        return;
      }
      model.send({ kind: "upload", tab: name, n: ++sent }, undefined, [bytes]);
      wait();
    }
    place.addEventListener("dragover", (event) => {
      event.preventDefault();
      place.classList.add("dd-drop");
    });
    place.addEventListener("dragleave", () => place.classList.remove("dd-drop"));
    place.addEventListener("drop", (event) => {
      event.preventDefault();
      place.classList.remove("dd-drop");
      send(event.dataTransfer.files[0]);
    });
    model.on("change:uploaded", () => {
      heard();
      const uploaded = model.get("uploaded");
      if (uploaded.tab === name) problem.textContent = uploaded.problem;
    });
    return { label, problem };
  }

  // A tab: its left column, the answer and what the network sees; below them the steps, the look
  // inside and the sliders. Its traits are called digits, digits_inside, digits_changed and so on.

  function makeTab(name, title, { nothing, question, makeLeft }) {
    const { side, classes, sliders, input, card } = about[name];
    const answer = makeAnswer(classes, "Probabilities");
    if (card) answer.element.append(makeCard(card));
    const pixels = makePixels(side, nothing);
    const film = makeFilm();
    const inside = makeInside("What the first layer makes of it");
    const whatIf = makeWhatIf(model, sliders, `${name}_what_if`, side);
    const steps = section("How it got there", film.element);
    const look = section("Inside the network", inside.element);
    const what = section(question, whatIf.element);
    const left = makeLeft(name);
    const panel = h("div", { role: "tabpanel", id: fresh(name), class: `dd-${name}` },
      h("div", { class: "dd-top" }, left.element, answer.element,
        h("div", { class: "dd-column" }, h("h2", {}, "What the network sees"), pixels.element,
          h("p", { class: "dd-note" }, input))),
      steps, look, what);

    const show = () => {
      const result = model.get(name);
      left.show(result);
      answer.show(result);
      pixels.show(result.image, `The ${side} by ${side} pixels that the network sees`);
      film.show(result.steps);
      steps.hidden = !result.image && !result.picture; // nothing to say about an empty canvas
      if (!result.image) look.hidden = what.hidden = true;
      panel.dataset.n = result.n;
    };
    const showInside = () => {
      const values = model.get(`${name}_inside`);
      look.hidden = !values.maps || !model.get(name).image;
      if (!values.maps) return;
      inside.show(values);
      whatIf.showStrips(values.strips, values.digit);
    };
    const showChanged = () => {
      const changed = model.get(`${name}_changed`);
      what.hidden = !changed.png || !model.get(name).image;
      if (changed.png) whatIf.showChanged(changed);
    };
    model.on(`change:${name}`, () => {
      heard();
      show();
    });
    model.on(`change:${name}_inside`, showInside);
    model.on(`change:${name}_changed`, showChanged);
    for (const each of [show, showInside, showChanged]) each();
    return { name, title, panel };
  }

  function section(title, ...children) {
    return h("section", { class: "dd-section" }, h("h2", {}, title), ...children);
  }

  function makeCard(texts) {
    return h("div", { class: "dd-card" },
      h("h2", {}, "What it was trained on, and where it fails"),
      h("ul", {}, ...texts.map((text) => h("li", {}, together(text)))));
  }

  // On the left of the digits: the canvas

  function makeDrawing(name) {
    const picture = makePicture({ class: "dd-over" });
    const canvas = makeCanvas(model, () => {
      showPicture(null);
      upload.problem.textContent = "";
      wait();
    });
    canvas.paper.append(picture.image);
    const upload = makeUpload(name, canvas.paper);
    canvas.tools.append(upload.label);
    canvas.element.append(upload.problem);

    function showPicture(png) {
      picture.show(png, "The picture you uploaded");
      if (png) canvas.paper.dataset.picture = true;
      else delete canvas.paper.dataset.picture;
    }
    let pause = null;
    const lookInside = () => { // not while the pen is down: the answer must not wait for it
      if (canvas.isDrawing()) pause = setTimeout(lookInside, PAUSE);
      else model.send({ kind: "look" });
    };
    const show = ({ picture: png, image, n }) => {
      clearTimeout(pause);
      if (image) pause = setTimeout(lookInside, PAUSE);
      if (!png || String(n) !== canvas.element.dataset.n) return; // or something has been drawn since
      showPicture(png);
      canvas.forget();
    };
    return { element: canvas.element, show };
  }

  // On the left of the hands: the photograph, and examples to choose from

  function makePhotograph(name) {
    const picture = makePicture({ class: "dd-photo" });
    const paper = h("div", { class: "dd-paper dd-dark" }, picture.image);
    const upload = makeUpload(name, paper);
    const examples = h("div", { class: "dd-examples", role: "group", "aria-label": "Examples" },
      ...about[name].examples.map((png, i) => {
        const { image, show } = makePicture();
        show(png, `Example ${i + 1}`);
        return h("button", { type: "button", "aria-pressed": "false", onclick: () => {
          upload.problem.textContent = "";
          model.send({ kind: "choose", number: i, n: ++sent });
          wait();
        } }, image);
      }));
    const element = h("div", { class: "dd-canvas" }, paper,
      h("div", { class: "dd-tools" }, upload.label), upload.problem,
      h("p", { class: "dd-note" }, about[name].source), examples);
    const show = ({ picture: png, example }) => {
      picture.show(png, "The photograph");
      [...examples.children].forEach((button, i) =>
        button.setAttribute("aria-pressed", String(i === example)));
    };
    return { element, show };
  }

  const tabs = [
    makeTab("digits", "Digits", {
      nothing: "28 × 28 pixels, all black so far",
      question: "What if it were moved, turned, or drawn with another pen?",
      makeLeft: makeDrawing,
    }),
    makeTab("hands", "Hands", {
      nothing: "64 × 64 pixels",
      question: "What if it were moved, turned, or in different light?",
      makeLeft: makePhotograph,
    }),
  ];
  for (const tab of tabs) {
    tab.button = h("button", { type: "button", role: "tab", id: fresh("tab"),
      "aria-controls": tab.panel.id,
      onclick: () => open(tab),
      onkeydown: (event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        const other = tabs.find((each) => each !== tab);
        open(other);
        other.button.focus();
      } }, tab.title);
    tab.panel.setAttribute("aria-labelledby", tab.button.id);
  }
  function open(chosen) {
    for (const tab of tabs) {
      tab.panel.hidden = tab !== chosen;
      tab.button.setAttribute("aria-selected", String(tab === chosen));
      tab.button.tabIndex = tab === chosen ? 0 : -1;
    }
  }
  open(tabs[0]);

  // In JupyterLab keys are the page's alone: Lab would take the arrows away from the sliders.
  const keep = (event) => event.stopPropagation();
  const root = h("main", { class: "dd", "data-lm-suppress-shortcuts": "true", onkeydown: keep },
    h("header", {}, h("h1", {}, "Draw a digit"),
      h("p", { class: "dd-note" }, about.line),
      h("div", { class: "dd-tabs", role: "tablist" }, ...tabs.map((tab) => tab.button))),
    lost, ...tabs.map((tab) => tab.panel));
  root.dataset.ready = "true";
  el.classList.add("dd-host");
  el.append(root);
  return heard;
}

export default { render };
