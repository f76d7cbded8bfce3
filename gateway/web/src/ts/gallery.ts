import { find } from "./find";

export type Show = (id: string) => void;

// gallery keeps thumbs and counter in step with the picture in view, and turns a
// thumb's link into a turn of the gallery without moving the page. It returns a
// function that shows the picture with that id.
export function gallery(): Show {
  const [frames] = find(".frames");
  if (!frames) return () => {};
  const pictures = find(".frame", frames);
  const thumbs = find<HTMLAnchorElement>(".thumbs a");
  const [counter] = find(".position");

  const mark = (id: string): void => {
    const at = pictures.findIndex((p) => p.id === id);
    if (counter && at >= 0) {
      counter.hidden = false;
      counter.textContent = `${at + 1} / ${pictures.length}`;
    }
    for (const thumb of thumbs) {
      if (thumb.hash === `#${id}`) thumb.setAttribute("aria-current", "true");
      else thumb.removeAttribute("aria-current");
    }
  };
  const show: Show = (id) => {
    const picture = pictures.find((p) => p.id === id);
    if (!picture) return;
    frames.scrollTo({ left: picture.offsetLeft - frames.offsetLeft, behavior: calm() ? "auto" : "smooth" });
    mark(id);
  };

  for (const thumb of thumbs) {
    thumb.addEventListener("click", (event) => {
      event.preventDefault();
      show(thumb.hash.slice(1));
    });
  }
  const seen = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) if (entry.isIntersecting) mark(entry.target.id);
    },
    { root: frames, threshold: 0.6 },
  );
  if (pictures.length > 1) for (const picture of pictures) seen.observe(picture);
  return show;
}

function calm(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
