// A figure swept over its controls. The first picture holds what all frames share; a frame is that
// picture with its own laid over it.
import { choice, figure, h, hasKernel, number, slider, uid } from "./shared.js";

const open = async (data) => {
  const image = new Image();
  image.src = `data:image/webp;base64,${data}`;
  await image.decode();
  return image;
};

export default figure(async ({ model, el, say, cleanup }) => {
  const controls = model.get("controls");
  const [width, height] = model.get("size");
  const frames = model.get("frames");
  const texts = model.get("texts");
  const opened = new Map();
  const picture = (i) => opened.get(i) ?? opened.set(i, open(frames[i])).get(i);

  const canvas = h("canvas", { class: "qkv-frame qkv-invert", role: "img", width, height });
  const context = canvas.getContext("2d");
  const panel = h("div", { class: "qkv-controls" });
  el.append(canvas, panel);

  const paint = (images, text) => {
    images.forEach((image) => context.drawImage(image, 0, 0, width, height));
    canvas.setAttribute("aria-label", text);
  };

  let latest = 0;
  const draw = async () => {
    const turn = (latest += 1);
    const values = model.get("values");
    const at = controls.map((c) => c.values.indexOf(values[c.name]));
    if (at.some((i) => i < 0)) {
      const drawn = model.get("drawn");
      const fits = drawn && controls.every((c) => drawn.values[c.name] === values[c.name]);
      if (!fits) return;
      const images = drawn.frame ? [await open(drawn.frame)] : [];
      if (turn !== latest) return;
      paint(images, drawn.text);
      say(drawn.text);
      return;
    }
    const i = at.reduce((index, k, c) => index * controls[c].values.length + k, 0);
    const images = await Promise.all([picture(0), picture(i + 1)]);
    if (turn !== latest) return;
    paint(images, texts[i]);
    say(texts[i]);
  };

  const change = (name, value) => {
    model.set("values", { ...model.get("values"), [name]: value });
    model.save_changes();
  };

  const parts = controls.map((control) => {
    const { name, label, unit, values } = control;
    const index = Math.max(0, values.indexOf(model.get("values")[name]));
    const make = typeof values[0] === "number" ? slider : choice;
    const part = make({ label, values, index, unit, onchange: (value) => change(name, value) });
    panel.append(part.el);
    if (make === slider && hasKernel(model)) part.exact = exactField(control, part.el, change);
    return part;
  });

  const follow = () => {
    const values = model.get("values");
    controls.forEach((control, c) => {
      const i = control.values.indexOf(values[control.name]);
      if (i >= 0) parts[c].set(i);
      else
        parts[c].output.textContent =
          number(values[control.name]) + (control.unit && ` ${control.unit}`);
      if (parts[c].exact) parts[c].exact.value = values[control.name];
    });
    draw();
  };
  model.on("change:values", follow);
  model.on("change:drawn", draw);
  cleanup(() => {
    model.off("change:values", follow);
    model.off("change:drawn", draw);
  });

  await draw();
  // The rest is opened while the reader reads, so that the first move of a slider shows at once.
  setTimeout(() => frames.forEach((_, i) => picture(i)), 500);
});

// With a kernel, a field for a number between the listed ones.
function exactField({ name, label, values }, parent, change) {
  const id = uid("exact");
  const [low, high] = [values[0], values[values.length - 1]];
  const whole = values.every(Number.isInteger);
  const take = () => {
    const value = Math.min(high, Math.max(low, Number(field.value)));
    if (field.value !== "" && Number.isFinite(value))
      change(name, whole ? Math.round(value) : value);
  };
  const field = h("input", {
    type: "number",
    id,
    class: "qkv-exact",
    min: low,
    max: high,
    step: whole ? 1 : "any",
    "aria-label": `${label}, exact value`,
    onchange: take,
    onkeydown: (event) => {
      if (event.key === "Enter") take();
    },
  });
  parent.append(field);
  return field;
}
