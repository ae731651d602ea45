// Pictures are made smaller before they are kept: a small one for the list, a large
// one to look at. Where and with what they were taken is lost on the way, as it should.

/** A picture, ready to be kept. */
export interface Scaled { readonly small: Blob; readonly large: Blob; readonly width: number; readonly height: number }

/** The longer side in pixels, and the quality. */
const sizes = { small: [720, 0.8], large: [2400, 0.86] } as const;

/** Scales a file; throws for what is no picture. */
export async function scaled(file: Blob): Promise<Scaled> {
  const picture = await createImageBitmap(file);
  try {
    const [small, large] = await Promise.all([drawn(picture, ...sizes.small), drawn(picture, ...sizes.large)]);
    return { small, large, width: picture.width, height: picture.height };
  } finally {
    picture.close();
  }
}

async function drawn(picture: ImageBitmap, side: number, quality: number): Promise<Blob> {
  const factor = Math.min(1, side / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * factor));
  canvas.height = Math.max(1, Math.round(picture.height * factor));
  const on = canvas.getContext("2d");
  if (!on) throw new Error("this browser cannot draw pictures");
  on.imageSmoothingQuality = "high";
  on.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const made = (type: string): Promise<Blob | null> => new Promise((done) => canvas.toBlob(done, type, quality));
  const webp = await made("image/webp"); // a browser that cannot gives PNG
  const blob = webp?.type === "image/webp" ? webp : await made("image/jpeg");
  if (!blob) throw new Error("this browser cannot write pictures");
  return blob;
}
