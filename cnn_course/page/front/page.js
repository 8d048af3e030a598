// The whole page: two tabs, each with a picture, its answer, the steps and the look inside.

const MOST_BYTES = 20 * 2 ** 20; // as in reading.py
const PAUSE = 150; // milliseconds without a change until the inside is asked for
const PATIENCE = 8000; // milliseconds without an answer until the page says so

function render({ model, el }) {
  const about = model.get("about");
  const lost = h("p", { class: "dd-lost", role: "alert", hidden: true },
    "There is no answer from the server. Reload the page to go on.");
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

  function makeUpload(target, place) {
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
        problem.textContent = `${file.name} has ${Math.round(file.size / 2 ** 20)} MB; the most is ` +
          "20 MB. Choose a smaller picture.";
        return;
      }
      let bytes;
      try {
        bytes = await file.arrayBuffer();
      } catch {
        problem.textContent = `${file.name} could not be read by the browser.`;
        return;
      }
      model.send({ kind: "upload", target, n: ++sent }, undefined, [bytes]);
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
      if (uploaded.target === target) problem.textContent = uploaded.problem;
    });
    return { label, problem };
  }

  // What both tabs have

  function makeResult(target, classes, side, nothing) {
    const answer = makeAnswer(classes, "Probabilities");
    const seen = makePixels(side, nothing);
    const film = makeFilm();
    const inside = makeInside("What the first layer makes of it");
    const steps = section("How it got there", film.element);
    const look = section("The look inside", inside.element);
    const show = () => {
      const result = model.get(target);
      answer.show(result);
      seen.show(result.seen, `The ${side} by ${side} pixels that the network sees`);
      film.show(result.steps);
      steps.hidden = !result.seen && !result.picture; // of an empty canvas there is nothing to say
      panels[target].dataset.n = result.n;
    };
    const showInside = () => {
      const values = model.get(`${target}_inside`);
      look.hidden = !values.maps || !model.get(target).seen;
      if (values.maps) inside.show(values);
    };
    model.on(`change:${target}`, () => {
      heard();
      show();
    });
    model.on(`change:${target}_inside`, showInside);
    const column = h("div", { class: "dd-column" },
      h("h2", {}, "What the network sees"), seen.element,
      h("p", { class: "dd-note" }, about[target].seen));
    return { answer, column, steps, look, show: () => { show(); showInside(); } };
  }

  // The sliders, and what becomes of the picture: traits are called hands_changed, and so on.
  function makeWhat(target, side, title) {
    const prefix = target === "digits" ? "" : `${target}_`;
    const whatIf = makeWhatIf(model, about.changes[target], `${prefix}what_if`, side);
    const element = section(title, whatIf.element);
    const showStrips = () => {
      const { strips, digit } = model.get(`${target}_inside`);
      if (strips) whatIf.showStrips(strips, digit);
    };
    const showChanged = () => {
      const changed = model.get(`${prefix}changed`);
      element.hidden = !changed.png || !model.get(target).seen;
      if (changed.png) whatIf.showChanged(changed);
    };
    model.on(`change:${target}_inside`, showStrips);
    model.on(`change:${prefix}changed`, showChanged);
    return { element, show: () => { showStrips(); showChanged(); } };
  }

  function section(title, ...children) {
    return h("section", { class: "dd-section" }, h("h2", {}, title), ...children);
  }

  // Digits

  function makeDigits() {
    const picture = makePicture({ class: "dd-over" });
    const canvas = makeCanvas(model, () => {
      showPicture(null);
      upload.problem.textContent = "";
      wait();
    });
    canvas.paper.append(picture.image);
    const upload = makeUpload("digits", canvas.paper);
    canvas.tools.append(upload.label);
    canvas.element.append(upload.problem);
    const result = makeResult("digits", 10, 28, "28 × 28 pixels, all black so far");
    const what = makeWhat("digits", 28, "What if it were drawn elsewhere, turned, or with another pen?");

    function showPicture(png) {
      picture.show(png, "The picture you uploaded");
      if (png) canvas.paper.dataset.picture = true;
      else delete canvas.paper.dataset.picture;
    }
    let pause = null;
    const show = () => {
      const { picture: png, seen, n } = model.get("digits");
      clearTimeout(pause);
      if (seen) pause = setTimeout(lookInside, PAUSE);
      else result.look.hidden = what.element.hidden = true;
      if (!png || String(n) !== canvas.element.dataset.n) return; // or there has been drawn since
      showPicture(png);
      canvas.forget();
    };
    const lookInside = () => { // not while the pen is down: the answer must not wait for it
      if (canvas.isDrawing()) pause = setTimeout(lookInside, PAUSE);
      else model.send({ kind: "look" });
    };
    model.on("change:digits", show);
    return { result, show: () => [show, what.show, result.show].map((f) => f()),
      children: [h("div", { class: "dd-top" }, canvas.element, result.answer.element, result.column),
        result.steps, result.look, what.element] };
  }

  // Hands

  function makeHands() {
    const picture = makePicture({ class: "dd-photo" });
    const paper = h("div", { class: "dd-paper dd-dark" }, picture.image);
    const upload = makeUpload("hands", paper);
    const examples = h("div", { class: "dd-examples", role: "group", "aria-label": "Examples" },
      ...about.hands.examples.map((png, i) => {
        const { image, show } = makePicture();
        show(png, `Example ${i + 1}`);
        return h("button", { type: "button", "aria-pressed": "false", onclick: () => {
          upload.problem.textContent = "";
          model.send({ kind: "choose", number: i, n: ++sent });
          wait();
        } }, image);
      }));
    const result = makeResult("hands", 6, 64, "64 × 64 pixels");
    const what = makeWhat("hands", 64, "What if it were elsewhere, turned, or in other light?");
    const show = () => {
      const hands = model.get("hands");
      if (!hands.seen) what.element.hidden = true;
      picture.show(hands.picture, "The photograph");
      [...examples.children].forEach((button, i) =>
        button.setAttribute("aria-pressed", String(i === hands.example)));
    };
    model.on("change:hands", show);
    const card = h("div", { class: "dd-card" },
      h("h2", {}, "What it was trained on, and where it fails"),
      h("ul", {}, ...about.hands.card.map((text) => h("li", {}, together(text)))));
    result.answer.element.append(card);
    return { result, show: () => { show(); what.show(); result.show(); },
      children: [
        h("div", { class: "dd-top" },
          h("div", { class: "dd-canvas" }, paper,
            h("div", { class: "dd-tools" }, upload.label), upload.problem,
            h("p", { class: "dd-note" }, about.hands.source), examples),
          result.answer.element, result.column),
        result.steps, result.look, what.element] };
  }

  // Tabs

  const panels = {};
  const tabs = { digits: "Digits", hands: "Hands" };
  for (const name of Object.keys(tabs)) {
    panels[name] = h("div", { role: "tabpanel", id: fresh(name), class: `dd-${name}` });
  }
  const buttons = Object.entries(tabs).map(([name, title]) =>
    h("button", { type: "button", role: "tab", id: fresh("tab"), "aria-controls": panels[name].id,
      onclick: () => open(name),
      onkeydown: (event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        open(name === "digits" ? "hands" : "digits");
        buttons.find((button) => button.tabIndex === 0).focus();
      } }, title));
  function open(chosen) {
    Object.keys(tabs).forEach((name, i) => {
      panels[name].hidden = name !== chosen;
      buttons[i].setAttribute("aria-selected", String(name === chosen));
      panels[name].setAttribute("aria-labelledby", buttons[i].id);
      buttons[i].tabIndex = name === chosen ? 0 : -1;
    });
  }
  const made = { digits: makeDigits(), hands: makeHands() };
  for (const name of Object.keys(tabs)) {
    panels[name].append(...made[name].children);
    made[name].show();
  }
  open("digits");

  // In JupyterLab keys are the page's alone: Lab would take the arrows away from the sliders.
  const keep = (event) => event.stopPropagation();
  const root = h("main", { class: "dd", "data-lm-suppress-shortcuts": "true", onkeydown: keep },
    h("header", {}, h("h1", {}, "Draw a digit"),
      h("p", { class: "dd-note" }, about.line),
      h("div", { class: "dd-tabs", role: "tablist" }, ...buttons)),
    lost, panels.digits, panels.hands);
  root.dataset.ready = "true";
  el.classList.add("dd-host");
  el.append(root);
  return heard;
}

export default { render };
