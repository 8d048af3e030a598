// What an answer looks like: the sentence and the bars, pictures with visible pixels, the steps,
// the look inside. Each function makes an element and a way to show new values in it.

// Keep a number and its sign on one line.
const together = (words) => words.replaceAll(" %", "\u00a0%");
const say = (element, words) => {
  if (element.textContent !== together(words)) element.textContent = together(words);
};
const percent = (p) => (p > 0.995 ? ">99 %" : p < 0.005 ? "<1 %" : `${Math.round(100 * p)} %`);

// An id that no other view of the page has.
const fresh = (name) => `dd-${name}-${Math.random().toString(36).slice(2, 8)}`;

// An <img> for PNG bytes; show(null) empties it.
function makePicture(attributes = {}) {
  const image = h("img", { draggable: "false", hidden: true, ...attributes });
  let address = null;
  const show = (png, alt = "") => {
    const old = address;
    address = png ? URL.createObjectURL(new Blob([png], { type: "image/png" })) : null;
    image.hidden = address === null;
    image.alt = alt;
    if (address) image.src = address;
    else image.removeAttribute("src");
    if (old) image.decode().catch(() => {}).then(() => URL.revokeObjectURL(old));
  };
  return { image, show };
}

// A picture as the network takes it: side × side pixels, with a grid between them.
function makePixels(side, nothing) {
  const { image, show } = makePicture({ class: "dd-pixels" });
  const grid = h("div", { class: "dd-grid", "aria-hidden": "true", style: `--side: ${side}`,
    hidden: side > 40 }); // lines as wide as pixels would hide them
  const empty = h("span", {}, nothing);
  const element = h("div", { class: "dd-seen" }, empty, image, grid);
  return {
    element,
    show: (png, alt) => {
      show(png, alt);
      empty.hidden = Boolean(png);
      element.classList.toggle("dd-empty", !png);
    },
  };
}

// The sentence and one bar for each class.
function makeAnswer(classes, name) {
  const big = h("div", { class: "dd-big", "aria-hidden": "true" }, "–");
  const sentence = h("p", { class: "dd-sentence", role: "status" });
  const rows = [];
  for (let k = 0; k < classes; k++) {
    const [bar, share] = [h("i"), h("span", { class: "dd-share" })];
    rows.push({
      bar, share,
      item: h("li", {}, h("b", {}, String(k)), h("span", { class: "dd-track" }, bar), share),
    });
  }
  const note = h("p", { class: "dd-note" });
  const list = h("ol", { class: "dd-bars", "aria-label": name }, ...rows.map((row) => row.item));
  const element = h("div", { class: "dd-answer" },
    h("div", { class: "dd-verdict" }, big, h("div", {}, sentence, note)), list);
  const show = ({ p, digit, sure, sentence: words, note: more, wrong }) => {
    note.textContent = more;
    note.classList.toggle("dd-wrong", wrong);
    say(sentence, words);
    big.textContent = digit ?? "–";
    element.dataset.state = digit == null ? "none" : sure ? "sure" : "unsure";
    element.dataset.digit = digit ?? "";
    rows.forEach(({ bar, share, item }, k) => {
      bar.style.transform = `scaleX(${p[k]})`;
      share.textContent = digit == null ? "" : percent(p[k]);
      item.classList.toggle("dd-first", k === digit);
    });
  };
  return { element, show };
}

// The preparation as a strip of pictures, one sentence each.
function makeFilm() {
  const strip = h("ol", { class: "dd-film", tabindex: 0, "aria-label": "The steps, in order" });
  let frames = [];
  const show = (steps) => {
    while (frames.length > steps.length) frames.pop().element.remove();
    while (frames.length < steps.length) {
      const { image, show } = makePicture();
      const [name, says] = [h("b"), h("p")];
      const element = h("li", {}, h("div", { class: "dd-frame" }, image), name, says);
      frames.push({ element, image, show, name, says });
      strip.append(element);
    }
    steps.forEach((step, i) => {
      frames[i].show(step.png, `${step.name}. ${step.says}`);
      frames[i].image.classList.toggle("dd-pixels", step.small);
      frames[i].name.textContent = `${i + 1} · ${step.name}`;
      frames[i].says.textContent = step.says;
    });
  };
  return { element: strip, show };
}

// Feature maps and saliency.
function makeInside(mapsTitle) {
  const maps = h("div", { class: "dd-maps" });
  const pool = [];
  const saliency = makePicture({ class: "dd-pixels" });
  const why = h("p", { class: "dd-note" });
  const element = h("div", { class: "dd-inside" },
    h("div", {}, h("h3", {}, mapsTitle), maps,
      h("p", { class: "dd-note" },
        "Each square shows the response of one filter, dark where it finds nothing and bright where " +
        "it finds what it looks for. All squares share one scale.")),
    h("div", { class: "dd-why" }, h("h3", {}, "What the answer depends on"),
      h("div", { class: "dd-salient" }, saliency.image), why));
  const show = (inside) => {
    inside.maps.forEach((png, i) => {
      if (!pool[i]) {
        pool[i] = makePicture({ class: "dd-pixels" });
        maps.append(pool[i].image);
      }
      pool[i].show(png, `Feature map ${i + 1}`);
    });
    saliency.show(inside.saliency, `Saliency of ${inside.digit}: bright pixels matter most.`);
    why.textContent = `Saliency: where a little more or less light would change the score of ${inside.digit} most.`;
  };
  return { element, show };
}

// Sliders that change the picture the network sees. A strip under each one shows what would be read
// at every position of the slider.
function makeWhatIf(model, specs, trait, side) {
  const sliders = specs.map(({ name, label, least, most, step, unit }) => {
    const input = h("input", { type: "range", min: least, max: most, step, value: 0,
      id: fresh(name), oninput: send });
    const value = h("span", { class: "dd-value", "aria-hidden": "true" });
    const strip = h("div", { class: "dd-strip", "aria-hidden": "true" });
    return { name, input, value, strip, unit, element: h("div", { class: "dd-slider" },
      h("label", { for: input.id }, label), value, input, strip) };
  });
  const reset = h("button", { type: "button", class: "dd-button", onclick: () => {
    for (const { input } of sliders) input.value = 0;
    send();
  } }, "Back to 0");
  const pixels = makePixels(side, "");
  const sentence = h("p", { class: "dd-sentence" }); // spoken after a slider moved, see below
  const told = h("div", { class: "dd-changed" }, pixels.element, sentence);
  const element = h("div", { class: "dd-whatif" },
    h("div", { class: "dd-sliders" }, ...sliders.map((slider) => slider.element), reset), told);

  function values() {
    for (const { input, value, unit } of sliders) {
      const number = Number(input.value);
      value.textContent = `${number > 0 ? "+" : number < 0 ? "−" : ""}${Math.abs(number)} ${unit}`;
      input.setAttribute("aria-valuetext", value.textContent);
    }
    reset.disabled = sliders.every(({ input }) => Number(input.value) === 0);
  }
  function send() {
    values();
    sentence.setAttribute("role", "status");
    model.set(trait, Object.fromEntries(
      sliders.map(({ name, input }) => [name, Number(input.value)])));
    model.save_changes();
  }
  const showChanged = ({ png, sentence: words, sure, digit }) => {
    pixels.show(png, "The changed picture");
    say(sentence, words);
    told.dataset.state = sure ? "sure" : "unsure";
    told.dataset.digit = digit;
  };
  const showStrips = (strips, winner) => {
    sentence.removeAttribute("role"); // a new drawing: the answer above is spoken, this need not be
    for (const { name, strip } of sliders) {
      const { digits, p } = strips[name];
      strip.replaceChildren(...digits.map((digit, i) => {
        const cell = h("i", { class: digit === winner ? "dd-same" : "dd-other",
          style: `--p: ${p[i].toFixed(2)}` });
        if (i === 0 || digits[i - 1] !== digit) cell.textContent = digit;
        return cell;
      }));
    }
  };
  for (const { name, input } of sliders) input.value = model.get(trait)[name] ?? 0;
  values();
  return { element, showChanged, showStrips };
}
