// A run of many steps that can be paused, and the button for it.
//
//   const { press, pause } = running({ round, step, draw, tell, wait, cleanup });
//
// round    called when a run begins; returns a function that says how many steps are left of it
// step     step(left) takes one step or several, at most `left`
// draw     shows where the run stands         tell     says it
// wait     milliseconds between two drawings  cleanup  the figure's
//
// pause() stops without a word, pause(true) draws and tells. Where motion is to be reduced, a run
// shows its end alone.
import { button, reducedMotion } from "./shared.js";

export function running({ round, step, draw, tell, wait, cleanup }) {
  let timer = null;
  const press = button("Run", () => (timer === null ? start() : pause(true)));

  function start() {
    const left = round();
    if (left() <= 0) {
      tell();
      return;
    }
    press.textContent = "Pause";
    if (reducedMotion()) {
      while (left() > 0) step(left());
      pause(true);
      return;
    }
    const next = () => {
      step(left());
      if (left() > 0) {
        draw();
        timer = setTimeout(next, wait);
      } else pause(true);
    };
    timer = setTimeout(next, 0);
  }
  function pause(aloud = false) {
    clearTimeout(timer);
    timer = null;
    press.textContent = "Run";
    if (!aloud) return;
    draw();
    tell();
  }
  cleanup(() => clearTimeout(timer));
  return { press, pause };
}
