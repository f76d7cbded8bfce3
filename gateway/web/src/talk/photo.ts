import type { Engine, FileRef, PhotoBody } from "../thread/types";
import { button, fill, h } from "./dom";
import { written } from "./entry";
import { say } from "./words";

// photo shows a sealed picture in a box of its proportions: first the small preview that
// came with it, then the picture itself once it is opened.
export function photo(body: PhotoBody, engine: Engine): HTMLElement {
  return h("div", { class: "stack" }, frame(body.file, engine), body.text && h("div", { class: "bubble" }, written(body.text)));
}

function frame(file: FileRef, engine: Engine): HTMLElement {
  const box = h("div", { class: "photo" });
  const { width = 4, height = 3 } = file;
  box.style.aspectRatio = `${width} / ${height}`;
  const load = async (): Promise<void> => {
    try {
      if (file.preview) fill(box, picture(URL.createObjectURL(new Blob([file.preview as BlobPart], { type: "image/jpeg" })), "is-preview"));
      const address = await engine.fileURL(file);
      fill(box, h("a", { href: address, target: "_blank", rel: "noopener" }, picture(address)));
    } catch {
      fill(box, h("p", {}, say("photo.gone")), button(say("again"), () => void load()));
    }
  };
  void load();
  return box;
}

const picture = (src: string, className = ""): HTMLElement => h("img", { src, class: className, alt: say("photo") });
